"""The end of a wallet: another one in its place, and then no signature any more. Its key stays, for who exports it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import Subject, record
from billing import freezes, services
from core.errors import Refusal
from projects.models import Project
from teams.models import User
from teams.permissions import Action, NotAllowed, still_allowed
from wallets import freezing, policies
from wallets.models import Custodian, Payment, Wallet, WalletShare

OPEN = (Payment.State.RESERVED, Payment.State.SIGNED, Payment.State.UNKNOWN)
MOST_NAMED = 5


@dataclass(frozen=True)
class Left:
    """What stays with a wallet when it goes: none of it can be moved by the panel."""

    projects: tuple[Project, ...]
    project_count: int
    open_payments: int

    @property
    def more(self) -> int:
        """How many projects are not named."""
        return self.project_count - len(self.projects)


def left_of(wallet: Wallet) -> Left:
    """Return what is left: projects and payments that may still settle; balance and lease stand on the wallet."""
    projects = Project.objects.filter(wallet=wallet, team=wallet.team_id, state=Project.State.READY)
    return Left(
        tuple(projects.order_by("name")[:MOST_NAMED]),
        projects.count(),
        Payment.objects.filter(wallet=wallet, state__in=OPEN).count(),
    )


def replace(*, wallet: Wallet, actor: User, label: str, freeze: bool) -> Wallet:
    """Have a new wallet made with the same limits, shares and custodians; freeze the old one if asked.

    Raises Refusal when the name is taken, or when the wallet was replaced or retired already.
    """
    _require(wallet, actor)
    with transaction.atomic():
        old = _locked(wallet)
        if old.replaced_by_id is not None:
            raise Refusal("WALLET_REPLACED", _("Another wallet stands in its place already."))
        policy = getattr(old, "policy", None)
        if policy is None:
            raise Refusal("POLICY_MISSING", _("This wallet has no limits that a new one could take over."))
        # Real money is allowed by a passkey, for one wallet.
        limits = dataclasses.replace(policies.stated(policy), real=None)
        new = services.make_wallet(
            team=old.team, actor=actor, gateway=old.gateway, label=label, limits=limits, rail=old.rail
        )
        Wallet.objects.filter(pk=new.pk).update(open_to_team=old.open_to_team, owner=old.owner_id)
        Wallet.objects.filter(pk=old.pk).update(replaced_by=new)
        _copy_people(old, new)
        _record("wallet.replaced", old, actor, by=new.label)
        if freeze and freezing.active(old) is None:
            freezes.freeze_wallet(
                wallet=old, actor=actor, why=_("Replaced by %(name)s") % {"name": new.label}
            )
    return new


def retire(*, wallet: Wallet, actor: User, typed: str) -> None:
    """End it for good: it signs nothing any more. Raises Refusal for another name, and while a payment is open."""
    _require(wallet, actor)
    with transaction.atomic():
        old = _locked(wallet)
        if typed.strip() != old.label:
            raise Refusal("NAME_DIFFERS", _("This is not the name of the wallet."), field="name")
        if Payment.objects.filter(wallet=old, state__in=OPEN).exists():
            raise Refusal(
                "PAYMENT_OPEN", _("A payment of this wallet is still open. Retire it when that has ended.")
            )
        ended = {"retired_at": timezone.now(), "retired_by": actor.label[:200]}
        Wallet.objects.filter(pk=old.pk).update(state=Wallet.State.RETIRED, **ended)
        _record("wallet.retired", old, actor, address=old.address)
    wallet.refresh_from_db()


def _require(wallet: Wallet, actor: User) -> None:
    if not still_allowed(actor, wallet.team, Action.WALLET_RETIRE, wallet_id=wallet.pk):
        raise NotAllowed


def _locked(wallet: Wallet) -> Wallet:
    """Return the row, held against payments that begin: they lock it too. Raises Refusal unless it can sign."""
    rows = Wallet.objects.select_for_update(of=("self",)).select_related("team", "gateway")
    old = rows.get(pk=wallet.pk)
    if not old.is_ready:
        raise Refusal("WALLET_NOT_READY", _("This wallet is not in use: it was not made, or was retired."))
    return old


def _copy_people(old: Wallet, new: Wallet) -> None:
    """Let the same people go as far with the new wallet."""
    for one in WalletShare.objects.filter(wallet=old):
        WalletShare.objects.create(
            wallet=new, user=one.user, level=one.level, expires_at=one.expires_at, by_label=one.by_label
        )
    for kept in Custodian.objects.filter(wallet=old):
        Custodian.objects.create(wallet=new, user=kept.user, by_label=kept.by_label)


def _record(action: str, wallet: Wallet, actor: User, **details: str) -> None:
    subject = Subject("wallet", str(wallet.pk), wallet.label)
    record(action, team_id=wallet.team_id, actor=actor.actor, subject=subject, details=details)
