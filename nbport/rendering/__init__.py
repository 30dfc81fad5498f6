"""From a scene to an image: rows to threads, carried state, statistics."""
