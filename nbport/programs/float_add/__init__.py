"""The sum of two float images, and its statistics."""
