"""From an image to files, and to what is said about it."""
