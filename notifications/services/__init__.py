"""What the room does: letters into the outbox, notices read, rules kept, webhooks of teams."""

from notifications.services.hooks import (
    HookDraft,
    add_hook,
    change_hook,
    new_secret,
    remove_hook,
    resend,
    send_test,
    switch_hook,
)
from notifications.services.inbox import read_all, read_one
from notifications.services.mail import SEND_MAIL, body_of, carry, one_line
from notifications.services.rules import set_mail_rules

__all__ = [
    "SEND_MAIL",
    "HookDraft",
    "add_hook",
    "body_of",
    "carry",
    "change_hook",
    "new_secret",
    "one_line",
    "read_all",
    "read_one",
    "remove_hook",
    "resend",
    "send_test",
    "set_mail_rules",
    "switch_hook",
]
