"""Engine processes: start, stop, reset, and the device that they run on."""
