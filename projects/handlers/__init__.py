"""The kinds of operation that this room adds; importing them registers them."""

from projects.handlers import adopt, delete, provision, reveal, secrets, sync

__all__ = ["adopt", "delete", "provision", "reveal", "secrets", "sync"]
