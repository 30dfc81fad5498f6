"""From a float image to counts of a detector: noise, point spread, integers."""
