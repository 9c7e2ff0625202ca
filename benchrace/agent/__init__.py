"""The process on each machine: it starts workers, stores their journals and sends them on."""
