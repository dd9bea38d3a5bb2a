"""The pages of the room: one file per noun."""

from notifications.views import hooks, inbox, mails, rules

__all__ = ["hooks", "inbox", "mails", "rules"]
