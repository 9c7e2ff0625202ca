"""Files that outlive their process: journals, run folders, and the index over them."""
