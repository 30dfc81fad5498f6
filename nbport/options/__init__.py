"""Options: one table, the scan of a command line, the keywords of Python."""
