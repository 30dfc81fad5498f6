"""Sub-commands of `nbport`, one module each."""
