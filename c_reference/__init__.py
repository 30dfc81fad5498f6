"""What is known of the reference program: recorded cases, line map, recorder, comparison."""
