"""What can be wrong with options, input, output and devices: each is told in one line."""

from __future__ import annotations


class InputError(Exception):
    """Something that the user gave cannot be used. The text is one line: where, found, expected."""


class OutputError(Exception):
    """An output file cannot be written."""


class OptionError(ValueError):
    """An option whose use has no defined meaning."""


class DeviceError(Exception):
    """A GPU cannot be used, or stopped working."""


class CancelledError(Exception):
    """Somebody set the event that was handed over as `cancel`."""
