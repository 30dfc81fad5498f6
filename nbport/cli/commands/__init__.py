"""Sub-commands of `nbport`, a module each."""
