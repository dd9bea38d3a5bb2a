"""The kinds of operation that this room adds; importing them registers them."""

from projects.handlers import provision, reveal, sync

__all__ = ["provision", "reveal", "sync"]
