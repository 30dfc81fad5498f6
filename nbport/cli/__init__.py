"""The commands `nanoBragg` and `nbport`: help, completion, progress, what goes to standard output and error."""
