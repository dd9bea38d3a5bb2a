"""The kinds of operation that this room adds; importing them registers them."""

from projects.handlers import provision, sync

__all__ = ["provision", "sync"]
