"""The ceilings of machines: what stored runs measured of their memory and processors."""
