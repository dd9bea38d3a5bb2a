"""Raising what a wallet may spend: asked here, confirmed with a passkey, written by the worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from billing import caps
from billing.threshold_forms import KINDS
from core.ui.money import usd
from operations import queue
from operations.models import Operation
from operations.queue import Request
from teams.models import User
from wallets import limits as rules
from wallets import policies
from wallets.limits import NETWORKS, Cap, Limits
from wallets.models import SpendPolicy, Wallet

RAISE = "wallet.raise"


def is_raise(policy: SpendPolicy, asked: Limits) -> bool:
    """Say whether anything could be paid afterwards that the limits forbid now."""
    return rules.is_raise(policies.stated(policy), asked)


def raise_limits(*, wallet: Wallet, policy: SpendPolicy, actor: User, limits: Limits) -> Operation:
    """Ask for higher limits, from what they are now. It waits until its asker has confirmed it with a passkey."""
    return queue.submit(
        Request(
            kind=RAISE,
            title=_("Raise the limits of %(name)s") % {"name": wallet.label},
            team=wallet.team,
            gateway=wallet.gateway,
            actor=actor,
            wallet=wallet,
            subject_id=wallet.pk,
            subject_url=reverse("billing:wallet", args=[wallet.pk]),
            lane=f"wallet/{wallet.pk}",
            args={**limits.as_args(), "now": policies.stated(policy).as_args()},
        )
    )


def statement(operation: Operation) -> list[tuple[str, str]]:
    """Return in words what a raise will do: every limit as it is and as it becomes."""
    now, then = _slots(operation.args.get("now") or {}), _slots(operation.args)
    every = {**now, **then}
    named = caps.titles(operation.team, every.values())
    return [
        *about(operation),
        *_real_money(operation.args.get("now") or {}, operation.args),
        *((named[cap], _change(now.get(slot), then.get(slot))) for slot, cap in every.items()),
        *_thresholds(operation.args.get("now") or {}, operation.args),
    ]


def _real_money(now: dict[str, Any], then: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if then.get("real") and not now.get("real"):
        yield _("Real money"), _("off → on: what is paid with it leaves for good")


def _thresholds(now: dict[str, Any], then: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield above which sums a second person approves, as they are and as they become."""
    try:
        before, after = dict(now.get("approvals") or ()), dict(then.get("approvals") or ())
        for key in {**before, **after}:
            label = _("A second person approves above: %(what)s") % {"what": KINDS.get(key, key)}
            yield label, f"{_sum(before.get(key))} → {_sum(after.get(key))}"
    except (ValueError, TypeError):  # what web wrote makes no sense: the worker refuses it
        return


def _sum(micros: int | None) -> str:
    return _("none") if micros is None else usd(micros, exact=True)


def _slots(args: dict[str, Any]) -> dict[tuple[str, ...], Cap]:
    """Return the caps of limits that web wrote as arguments; none when they make no sense, which the worker refuses."""
    every_network = tuple(network for networks in NETWORKS.values() for network in networks)
    try:
        found = Limits.from_args(args, every_network)
    except ValueError:
        return {}
    return {cap.slot: cap for money in NETWORKS for cap in found.caps_of(money)}


def about(operation: Operation) -> list[tuple[str, str]]:
    """Return which wallet an operation is about, in words."""
    wallet = operation.wallet
    if wallet is None:
        return []
    place = wallet.gateway.name
    return [(_("Wallet"), wallet.label), (_("Address"), wallet.address), (_("Signs for"), place)]


def _change(now: Cap | None, then: Cap | None) -> str:
    if now and then:
        words = _("from %(now)s to %(then)s") if now.micros != then.micros else _("stays at %(then)s")
        return words % {"now": usd(now.micros, exact=True), "then": usd(then.micros, exact=True)}
    if then:
        return _("%(then)s, new") % {"then": usd(then.micros, exact=True)}
    return _("no limit any more") if now else ""
