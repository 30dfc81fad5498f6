"""Ground truth for other implementations: traces of pixels, term by term, and comparisons.

trace.py, raster.py     what a trace is, and how one is made with the state that earlier pixels leave
formats.py, cstyle.py   traces as text, JSON and NumPy archives, and in the labels of the C program
comparison.py           gates, and distances between numbers
diff_traces.py          two traces: which term diverged first
images.py, diff_images.py  images of many formats, and two of them side by side
compare.py, report.py   comparisons of whatever is given, and their files
*_command.py            the sub-commands of `nbport`
"""
