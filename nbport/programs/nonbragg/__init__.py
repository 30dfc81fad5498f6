"""Scattering of amorphous material, and structure factors from an image of it."""
