"""Jobs on this machine: their folders, workers, journals and ends."""
