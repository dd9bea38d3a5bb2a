"""What the room has of a person: what a leaver still knows, what an export holds, what an erasure takes away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from core.registry import LeaverItem
from notifications.models import Hook, Mail, MailRule, Notice
from teams.models import Membership, User
from teams.permissions import Action, allows


def of_leaver(viewer: Membership, person: User) -> list[LeaverItem]:
    """Return the webhooks whose address or secret the person knows: whoever has the secret can make up messages."""
    rows = Hook.objects.filter(team=viewer.team_id, known_to=person, on=True).only("name", "address")
    detail = _("Knows its secret or its address (%(address)s). Give it new ones, or turn it off.")
    may_end = allows(viewer.role, Action.HOOKS_MANAGE) and not viewer.is_limited
    return [
        LeaverItem(
            _("Webhook “%(name)s”") % {"name": hook.name},
            detail % {"address": hook.address},
            "plug",
            button=_("Turn off") if may_end else "",
            url=reverse("notifications:hook_off", args=[hook.pk]) if may_end else "",
        )
        for hook in rows
    ]


def of_person(user: User) -> dict[str, Any]:
    """Return what the room holds about the person."""
    fields = ("event", "title", "text", "url", "created_at", "read_at")
    notices = Notice.objects.filter(person=user).values(*fields)
    mails = Mail.objects.filter(to__iexact=user.email).values("subject", "state", "created_at", "ended_at")
    rules = MailRule.objects.filter(person=user).values("event", "mail")
    hooks = Hook.objects.filter(created_by=user).values("name", "address", "created_at")
    return {
        "notices": [_plain(row) for row in notices],
        "mails": [_plain(row) for row in mails],
        "mail_rules": list(rules),
        "webhooks_added": [_plain(row) for row in hooks],
    }


def erase(user: User) -> None:
    """Delete what the person was told, and by which mail. Webhooks are the team's and stay."""
    Notice.objects.filter(person=user).delete()
    MailRule.objects.filter(person=user).delete()
    Mail.objects.filter(to__iexact=user.email).delete()


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
