"""How C reads, prints and rounds numbers, and the generators of random numbers."""
