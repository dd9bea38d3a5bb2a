"""Adopting projects that were made elsewhere: what of a file can be, and having a worker look at each of them.

The keys are sealed before anything is stored or shown, each to the row that will hold it. Until they are confirmed
they travel with the form, sealed and signed, so that nothing has to be cleared away when nobody confirms.
"""

from __future__ import annotations

import base64
import enum
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Refusal
from operations import queue
from operations.models import Operation
from projects import asking, keys, selectors
from projects.cli_keys import Found
from projects.models import Project
from teams.models import Scope, Team, User
from teams.reach import Reach
from teams.services import bring_into_reach
from wallets.models import Gateway, Wallet

SALT = "projects.adopt"
#: How long a list of what can be adopted may be confirmed, in seconds.
CONFIRMED_WITHIN = 1800


class Verdict(enum.StrEnum):
    """What becomes of one project of the file."""

    NEW = "new"
    KEYS = "keys"
    AGAIN = "again"
    HERE = "here"
    DELETED = "deleted"
    WRONG = "wrong"


WORDS: Mapping[Verdict, tuple[str, str | Promise]] = {
    Verdict.NEW: ("ok", gettext_lazy("New")),
    Verdict.KEYS: ("ok", gettext_lazy("Here, gets its keys")),
    Verdict.AGAIN: ("ok", gettext_lazy("Tried before")),
    Verdict.HERE: ("idle", gettext_lazy("Here already")),
    Verdict.DELETED: ("idle", gettext_lazy("Deleted here")),
    Verdict.WRONG: ("bad", gettext_lazy("Cannot be read")),
}
TAKEN = (Verdict.NEW, Verdict.KEYS, Verdict.AGAIN)


@dataclass(frozen=True)
class Entry:
    """One project of the file, its service key sealed to the row `pk`."""

    remote_id: str
    verdict: Verdict
    pk: uuid.UUID
    anon_key: str = field(default="", repr=False)
    sealed: bytes = field(default=b"", repr=False)
    site_url: str = ""
    why: str = ""

    @property
    def can_be_adopted(self) -> bool:
        return self.verdict in TAKEN

    @property
    def kind(self) -> str:
        """The kind of its `status` tag."""
        return WORDS[self.verdict][0]

    @property
    def word(self) -> str:
        return str(WORDS[self.verdict][1])


@dataclass(frozen=True)
class Offer:
    """What a file holds, beside the wallet that is said to have it."""

    wallet: Wallet
    entries: tuple[Entry, ...]

    @property
    def adoptable(self) -> tuple[Entry, ...]:
        """The entries that a worker could look at."""
        return tuple(entry for entry in self.entries if entry.can_be_adopted)


def takes(gateway: Gateway) -> bool:
    """Say whether projects can be adopted there: a Core lists nobody's projects, so whose one is cannot be checked."""
    return gateway.kind != Gateway.Kind.CORE


def offer(wallet: Wallet, found: Iterable[Found], reach: Reach) -> Offer:
    """Return what somebody can adopt. Raises `vault.Locked` when nothing can be sealed."""
    found = tuple(found)
    ids = [one.remote_id for one in found]
    rows = Project.objects.filter(team=wallet.team_id, gateway=wallet.gateway_id, remote_id__in=ids)
    known = {row.remote_id: row for row in rows}
    return Offer(wallet, tuple(_entry(one, known.get(one.remote_id), wallet, reach) for one in found))


def _entry(found: Found, row: Project | None, wallet: Wallet, reach: Reach) -> Entry:
    if found.wrong:
        return Entry(found.remote_id, Verdict.WRONG, uuid.uuid4(), why=found.wrong)
    if row and not reach.covers(row.pk, row.wallet_id):
        return Entry(found.remote_id, Verdict.HERE, row.pk, why=_("Out of your reach."))
    verdict, why = _judge(found, row, wallet)
    pk = row.pk if row else uuid.uuid4()
    if verdict not in TAKEN:
        return Entry(found.remote_id, verdict, pk, why=why)
    sealed = keys.sealer(pk)(found.service_key) if found.service_key else b""
    return Entry(found.remote_id, verdict, pk, found.anon_key, sealed, found.site_url, why)


def _judge(found: Found, row: Project | None, wallet: Wallet) -> tuple[Verdict, str]:
    missing = "" if found.service_key else _("Without a service key: the panel can show it and little else.")
    if row is None:
        return Verdict.NEW, missing
    if row.state == Project.State.FAILED and row.is_adopted:
        return Verdict.AGAIN, missing
    if row.is_deleted:
        return Verdict.DELETED, _("It was deleted at Run402 from here.")
    if _brings_keys(found, row) and row.wallet_id == wallet.pk:
        return Verdict.KEYS, ""
    if _brings_keys(found, row):
        return Verdict.HERE, _("The panel has it with another wallet. Choose that one to add the keys.")
    return Verdict.HERE, ""


def _brings_keys(found: Found, row: Project) -> bool:
    """Say whether the file has a key that the panel lacks."""
    service, anon = found.service_key and not row.service_key_sealed, found.anon_key and not row.anon_key
    return row.lacks_keys and bool(service or anon)


# --- Between the two pages ---


def signed(offered: Offer, actor: User) -> str:
    """Return the offer as a text that comes back with the confirmation: sealed keys, and nobody can change it."""
    entries = [
        [entry.remote_id, entry.verdict, str(entry.pk), entry.anon_key, _text(entry.sealed), entry.site_url]
        for entry in offered.adoptable
    ]
    stated = {"wallet": str(offered.wallet.pk), "actor": str(actor.pk), "entries": entries}
    return signing.dumps(stated, salt=SALT, compress=True)


def opened(text: str, actor: User, wallets: Mapping[str, Wallet]) -> Offer:
    """Return the offer of a signed text. Raises Refusal when it is another person's, too old, or changed."""
    try:
        stated: dict[str, Any] = signing.loads(text, salt=SALT, max_age=CONFIRMED_WITHIN)
    except signing.BadSignature:
        stated = {}
    wallet = wallets.get(str(stated.get("wallet")))
    if wallet is None or stated.get("actor") != str(actor.pk):
        raise Refusal("OFFER_OVER", _("This list is too old to be confirmed. Choose the file once more."))
    entries = (
        Entry(one, Verdict(verdict), uuid.UUID(pk), anon, base64.b64decode(sealed), url)
        for one, verdict, pk, anon, sealed, url in stated["entries"]
    )
    return Offer(wallet, tuple(entries))


def _text(sealed: bytes) -> str:
    return base64.b64encode(sealed).decode()


# --- Doing it ---


def adopt(*, offered: Offer, chosen: Collection[str], team: Team, actor: User) -> list[Operation]:
    """Write a row for each chosen project and have a worker look whether it is the wallet's and its keys are right.

    What somebody else adopted meanwhile is left alone. Raises Refusal when nothing is left.
    """
    _check_wallet(offered.wallet, team)
    wanted = [entry for entry in offered.adoptable if entry.remote_id in chosen]
    with transaction.atomic():
        begun = [_begin(entry, offered.wallet, actor) for entry in wanted]
    operations = [operation for operation in begun if operation]
    if not operations:
        raise Refusal("NOTHING_TO_ADOPT", _("Choose at least one project that is not here yet."))
    return operations


def _check_wallet(wallet: Wallet, team: Team) -> None:
    if wallet.team_id != team.pk or not wallet.is_ready:
        raise Refusal("WALLET_NOT_READY", _("This wallet is not ready to sign yet."), field="wallet")
    if not takes(wallet.gateway):
        raise Refusal(
            "GATEWAY_CANNOT_TELL",
            _("A Core does not tell which wallet has a project, so nothing can be adopted there."),
            field="wallet",
        )


def _begin(entry: Entry, wallet: Wallet, actor: User) -> Operation | None:
    """Write the row; None when it is here meanwhile."""
    before = Project.objects.select_for_update().filter(pk=entry.pk, team=wallet.team_id).first()
    if before is None:
        project = _made(entry, wallet, actor)
    else:
        project = _taken_up(before, entry, wallet)
    if project is None:
        return None
    return _submit(project, actor, before if before and before.is_ready else None)


def _made(entry: Entry, wallet: Wallet, actor: User) -> Project | None:
    try:
        with transaction.atomic():
            project = Project.objects.create(
                id=entry.pk,
                team=wallet.team,
                gateway=wallet.gateway,
                wallet=wallet,
                created_by=actor,
                name=entry.remote_id,
                origin=Project.Origin.ADOPTED,
                state=Project.State.ADOPTING,
                remote_id=entry.remote_id,
                anon_key=entry.anon_key,
                service_key_sealed=entry.sealed,
            )
    except IntegrityError:
        return None
    bring_into_reach(user=actor, team=wallet.team, kind=Scope.Kind.PROJECT, object_id=project.pk)
    return project


def _taken_up(before: Project, entry: Entry, wallet: Wallet) -> Project | None:
    """Return the row that was here, with its keys. One that lacks some keeps its wallet, and the service key it has."""
    tried = before.is_adopted and before.state == Project.State.FAILED
    lacking = before.lacks_keys and before.wallet_id == wallet.pk
    if before.remote_id != entry.remote_id or not (tried or lacking):
        return None
    rows = Project.objects.filter(pk=before.pk)
    rows.update(
        state=Project.State.ADOPTING,
        wallet=wallet,
        anon_key=entry.anon_key or before.anon_key,
        service_key_sealed=(before.service_key_sealed if lacking else b"") or entry.sealed,
    )
    return rows.select_related("team", "gateway", "wallet").get()


def _submit(project: Project, actor: User, before: Project | None) -> Operation:
    """Have it looked at. `before` is the row as it was, None for a project that was not here."""
    title = _("Adopt project %(id)s") % {"id": project.remote_id}
    args = {
        "keys_only": before is not None,
        "anon_before": before.anon_key if before else "",
        "had_service_key": bool(before and before.service_key_sealed),
    }
    return queue.submit(
        asking.request(project, selectors.ADOPT, title, actor=actor, lane=project.lane, once=True, args=args)
    )
