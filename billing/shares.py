"""With whom a wallet is shared, who keeps its key, whose it is: decided by people, written here, recorded."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from audit.record import Subject, record
from core.errors import Refusal
from teams.models import Membership, Role, Team, User
from teams.permissions import Action, NotAllowed, allows, still_allowed
from teams.reach import Level
from wallets.models import Custodian, Wallet, WalletShare


def share(
    *, wallet: Wallet, actor: User, person: User | None, level: Level, until: datetime | None = None
) -> None:
    """Share it with a member, or with the whole team for None; another level or end replaces the present one."""
    _require_manager(wallet, actor)
    if person is not None:
        _require_member(wallet, person)
    elif wallet.open_to_team:
        raise Refusal("OPEN_ALREADY", _("This wallet is open to the whole team already."), field="who")
    with transaction.atomic():
        _mark(wallet)
        WalletShare.objects.update_or_create(
            wallet=wallet,
            user=person,
            defaults={"level": level, "expires_at": until, "by_label": actor.label[:200]},
        )
        details = {"level": level.name.lower(), "until": until.isoformat() if until else ""}
        _record("wallet.shared", wallet, actor, person=_named(person), **details)


def end_share(*, wallet: Wallet, actor: User, person: User | None) -> None:
    """Take a share back. Raises Refusal when there is none."""
    _require_manager(wallet, actor)
    with transaction.atomic():
        ended, _rows = WalletShare.objects.filter(wallet=wallet, user=person).delete()
        if not ended:
            raise Refusal("NOT_SHARED", _("It was not shared, or that has ended already."))
        _record("wallet.share_ended", wallet, actor, person=_named(person))


def set_open(*, wallet: Wallet, actor: User, is_open: bool) -> None:
    """Open the wallet to the team, by role, or keep it to its owner, its custodians and those it is shared with."""
    _require_owner(wallet, actor)
    with transaction.atomic():
        _mark(wallet)
        if Wallet.objects.filter(pk=wallet.pk).exclude(open_to_team=is_open).update(open_to_team=is_open):
            _record("wallet.opened" if is_open else "wallet.closed", wallet, actor)
    wallet.refresh_from_db()


def name_custodian(*, wallet: Wallet, actor: User, person: User) -> None:
    """Let the person keep the key: from the first one on nobody else may export, replace or retire it."""
    _require_owner(wallet, actor)
    if not allows(_require_member(wallet, person).role, Action.WALLET_RETIRE):
        raise Refusal(
            "CUSTODIAN_ROLE", _("A custodian has to be an owner or an admin of the team."), field="custodian"
        )
    with transaction.atomic():
        _mark(wallet)
        _row, made = Custodian.objects.get_or_create(
            wallet=wallet, user=person, defaults={"by_label": actor.label[:200]}
        )
        if made:
            _record("wallet.custodian_named", wallet, actor, person=person.label)


def end_custodian(*, wallet: Wallet, actor: User, person: User) -> None:
    """Let the person keep the key no longer. Raises Refusal for who does not."""
    _require_owner(wallet, actor)
    with transaction.atomic():
        ended, _rows = Custodian.objects.filter(wallet=wallet, user=person).delete()
        if not ended:
            raise Refusal("NO_CUSTODIAN", _("They are no custodian of this wallet."))
        _record("wallet.custodian_ended", wallet, actor, person=person.label)


def rename(*, wallet: Wallet, actor: User, label: str) -> None:
    """Give the wallet another name. Raises Refusal when it is taken."""
    _require_manager(wallet, actor)
    same = Wallet.objects.filter(team=wallet.team_id, gateway=wallet.gateway_id, label__iexact=label)
    if same.exclude(pk=wallet.pk).exclude(state=Wallet.State.FAILED).exists():
        raise Refusal(
            "NAME_TAKEN", _("There is a wallet of this name already. Choose another one."), field="label"
        )
    with transaction.atomic():
        if Wallet.objects.filter(pk=wallet.pk).exclude(label=label).update(label=label):
            _record("wallet.renamed", wallet, actor, new=label)
    wallet.label = label


def may_decide(membership: Membership, wallet: Wallet) -> bool:
    """Say whether the member may keep the wallet to some people, and name who keeps its key."""
    owns = membership.role == Role.OWNER or wallet.owner_id == membership.user_id
    return owns and allows(membership.role, Action.WALLET_MANAGE)


def _require_manager(wallet: Wallet, actor: User) -> None:
    if not still_allowed(actor, wallet.team, Action.WALLET_MANAGE, wallet_id=wallet.pk):
        raise NotAllowed


def _require_owner(wallet: Wallet, actor: User) -> None:
    membership = Membership.objects.filter(team=wallet.team_id, user=actor, user__is_active=True).first()
    if membership is None or not may_decide(membership, wallet):
        raise NotAllowed


def _require_member(wallet: Wallet, person: User) -> Membership:
    membership = Membership.objects.filter(team=wallet.team_id, user=person).first()
    if membership is None:
        raise Refusal("NO_MEMBER", _("They are not in the team."))
    return membership


def _mark(wallet: Wallet) -> None:
    """Have single wallets of the team asked from now on: before the first one that costs nobody a query."""
    Team.objects.filter(pk=wallet.team_id, shares_wallets=False).update(shares_wallets=True)


def _named(person: User | None) -> str:
    return person.label if person else _("the whole team")


def _record(action: str, wallet: Wallet, actor: User, **details: str) -> None:
    subject = Subject("wallet", str(wallet.pk), wallet.label)
    record(action, team_id=wallet.team_id, actor=actor.actor, subject=subject, details=details)
