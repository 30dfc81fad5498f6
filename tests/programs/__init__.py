"""Tests of the companion programs."""
