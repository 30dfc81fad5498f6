"""Ground truth for other implementations: traces of pixels, term by term, and comparisons.

trace.py, raster.py   what a trace is, and how one is made
formats.py, cstyle.py traces as text, JSON and NumPy archives, and in the labels of the C program
"""
