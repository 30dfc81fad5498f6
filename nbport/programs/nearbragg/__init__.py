"""Sum of spherical waves from point scatterers, near or far."""
