"""Files that are whole or absent, processes, memory, time limits."""
