"""Routes, event and field names of the older systems, in terms of the native API."""
