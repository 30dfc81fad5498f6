"""Faults that no test can see, by their keys, and why."""

UNSEEN: dict[str, str] = {}
