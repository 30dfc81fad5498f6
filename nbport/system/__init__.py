"""Files that are whole or absent, processes, memory, work of libraries that may hang."""
