"""Many images from one description: rows of options, rendered one after another, by processes or on Dask."""
