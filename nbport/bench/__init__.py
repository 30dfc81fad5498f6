"""This machine: speed over a suite of cases, and whether a device gives the CPU's bytes."""
