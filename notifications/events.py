"""The types of event that people and webhooks are told of. Every one stands here."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from teams.permissions import Action


@dataclass(frozen=True)
class EventType:
    """One type. `whom` says in words who is told; `action` is the right that makes them so where nobody is named.

    The inbox always hears of it; `mail` is what holds until a person decides. `hooks`: webhooks can be told.
    """

    name: str
    label: Promise
    whom: Promise
    icon: str
    mail: bool
    action: Action | None = None
    hooks: bool = True


ALL = (
    EventType(
        "operation.failed",
        _("Something failed"),
        _("whoever asked for it"),
        "circle-x",
        mail=True,
    ),
    EventType(
        "operation.waiting",
        _("Something waits for a decision"),
        _("whoever asked for it"),
        "hourglass",
        mail=True,
    ),
    EventType(
        "approval.needed",
        _("A payment waits for approval"),
        _("whoever can approve it"),
        "badge-check",
        mail=True,
        action=Action.PAYMENT_APPROVE,
    ),
    EventType("deploy.live", _("A deploy is live"), _("whoever asked for it"), "rocket", mail=False),
    EventType("job.ended", _("A job has ended"), _("whoever submitted it"), "cpu", mail=False),
    EventType(
        "payment.card",
        _("A payment by card arrived"),
        _("whoever asked for its page"),
        "credit-card",
        mail=False,
        action=Action.TIER_SET,
    ),
    EventType(
        "payment.unknown",
        _("A payment has an unknown outcome"),
        _("whoever manages the wallet"),
        "clock",
        mail=True,
        action=Action.WALLET_MANAGE,
    ),
    EventType(
        "payment.outside",
        _("Something was paid elsewhere with a key that is kept here"),
        _("whoever manages the wallet"),
        "key-round",
        mail=True,
        action=Action.WALLET_MANAGE,
    ),
    EventType(
        "wallet.frozen",
        _("A wallet is frozen, or is to pay again"),
        _("whoever can freeze it"),
        "snowflake",
        mail=True,
        action=Action.WALLET_FREEZE,
    ),
    EventType(
        "lease.ending",
        _("A tier ends within three days"),
        _("whoever can renew it"),
        "calendar-clock",
        mail=True,
        action=Action.TIER_SET,
    ),
    EventType(
        "balance.low",
        _("A wallet cannot pay the next renewal of its tier"),
        _("whoever can renew it"),
        "wallet",
        mail=True,
        action=Action.TIER_SET,
    ),
    EventType(
        "security",
        _("Something that guards the team changed"),
        _("owners"),
        "shield-alert",
        mail=True,
        action=Action.OWNERS_MANAGE,
    ),
    EventType(
        "halt",
        _("Something was stopped or resumed"),
        _("every member whom it concerns"),
        "circle-stop",
        mail=True,
        action=Action.VIEW,
    ),
    EventType(
        "instance.trouble",
        _("Something is wrong with this panel"),
        _("operators of the instance"),
        "server",
        mail=True,
        hooks=False,
    ),
)
EVENTS = {each.name: each for each in ALL}
FOR_HOOKS = tuple(each for each in ALL if each.hooks)
