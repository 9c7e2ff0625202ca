"""Statistics of images: which lanes compare, and how alike their images are."""
