"""The pixel loop on a device."""
