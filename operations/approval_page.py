"""The page on which a second person reads what would be paid, compares the words, and decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.ui.money import network_name
from operations import approvals, documents
from operations.models import Approval, Operation, State
from operations.registry import kind_label
from teams.models import Membership, User
from teams.permissions import allows
from wallets import assertions, passkeys, reveal
from wallets.models import TrustedPasskey

#: What became of a request, as a status: its look and its word.
LOOKS: dict[str, tuple[str, Promise]] = {
    Approval.State.WAITING: ("waits", gettext_lazy("Waits for approval")),
    Approval.State.APPROVED: ("ok", gettext_lazy("Approved")),
    Approval.State.DECLINED: ("bad", gettext_lazy("Declined")),
    Approval.State.EXPIRED: ("cancelled", gettext_lazy("Expired")),
    Approval.State.REPLACED: ("superseded", gettext_lazy("Asked anew")),
}
#: The fields that are long and only compared, never read.
_DIGESTS = ("body", "spec", "diff")
_LABELS = {
    "body": gettext_lazy("Digest of the arguments"),
    "spec": gettext_lazy("Digest of the spec"),
    "base_release": gettext_lazy("Starts from release"),
    "diff": gettext_lazy("Digest of the changes"),
}


@dataclass(frozen=True)
class Fact:
    """One line of what is hashed. An `id` is shown in mono and copied with a click."""

    label: str
    text: str = ""
    id: str = ""


@dataclass(frozen=True)
class Standing:
    """A request in a list or at the head of its page."""

    request: Approval
    look: str
    word: str

    @property
    def micros(self) -> int:
        return int(self.request.document.get("maximum_micros", 0))

    @property
    def network(self) -> str:
        return str(self.request.document.get("network", ""))

    @property
    def pays(self) -> bool:
        """It is about money; else about a key that would leave the panel."""
        return bool(self.network)

    @property
    def is_key(self) -> bool:
        """It is about a wallet's key; else about a rule of the team."""
        return not self.pays and bool(self.request.document.get("wallet"))

    @property
    def purpose(self) -> str:
        return str(self.request.document.get("purpose") or self.request.operation.title)

    @property
    def digest(self) -> str:
        """Of what is shown, whatever the row says its digest is: the worker compares."""
        return documents.digest(self.request.document)

    @property
    def words(self) -> tuple[str, ...]:
        return documents.words(self.digest)

    @property
    def text(self) -> str:
        """The very bytes that are hashed."""
        return documents.canonical(self.request.document).decode()


@dataclass(frozen=True)
class Passkey:
    """What the browser needs to ask the approver's passkey; `ready` False: none may confirm here now."""

    ready: bool
    challenge: str
    credentials: str
    rp_id: str


@dataclass(frozen=True)
class ApprovalPage:
    """One request in full, and whether the looking person may decide about it."""

    operation: Operation
    now: Standing
    facts: tuple[Fact, ...]
    deciders: tuple[User, ...]
    is_open: bool
    may_decide: bool
    may_stop: bool
    is_own: bool
    passkey: Passkey | None
    alone_until: datetime | None


def standing(request: Approval) -> Standing:
    """Return a request with its look: one whose operation ended without a decision was taken back."""
    if request.state == Approval.State.WAITING and not approvals.is_waiting(request.operation):
        return Standing(request, "cancelled", _("Taken back"))
    look, word = LOOKS[request.state]
    return Standing(request, look, str(word))


def approval_page(
    request: Approval, operation: Operation, membership: Membership, may_stop: bool
) -> ApprovalPage:
    """Return the page for a member."""
    request.operation = operation
    is_open = request.state == Approval.State.WAITING and approvals.is_waiting(operation)
    is_open = is_open and request.expires_at > timezone.now()
    deciders = tuple(approvals.deciders(operation)) if is_open else ()
    may_decide = membership.user in deciders
    return ApprovalPage(
        operation=operation,
        now=standing(request),
        facts=tuple(_facts(request, operation)),
        deciders=deciders,
        is_open=is_open,
        may_decide=may_decide,
        may_stop=may_stop and operation.state == State.WAITING,
        is_own=operation.actor_id == membership.user_id,
        passkey=_passkey(request, membership) if may_decide and approvals.is_real(request) else None,
        alone_until=request.due_at if is_open else None,
    )


def _facts(request: Approval, operation: Operation) -> Iterator[Fact]:
    """Yield exactly what is hashed, in words where there are some."""
    document = request.document
    wallet = operation.wallet
    yield Fact(_("For"), str(document.get("purpose", "")))
    yield Fact(_("Kind"), kind_label(str(document.get("kind", ""))))
    yield Fact(_("Asked by"), operation.actor_label, str(document.get("asked_by", "")))
    yield Fact(_("Operation"), id=str(document.get("operation", "")))
    for key, label in _LABELS.items():
        if value := str(document.get(key, "")):
            yield Fact(str(label), id=f"sha256:{value}" if key in _DIGESTS and len(value) == 64 else value)
    if project := str(document.get("project", "")):
        yield Fact(_("Project"), id=project)
    address = str(document.get("wallet", "")).rpartition("/")[2]
    yield Fact(_("From"), wallet.label if wallet else "", address)
    if not document.get("network"):
        yield Fact(_("At"), str(document.get("gateway", "")))
        yield Fact(_("Valid until"), f"{request.expires_at:%Y-%m-%d %H:%M} UTC")
        return
    payee = str(document.get("payee", ""))
    nobody = "" if payee else _("not known yet: whom this sandbox asks for first")
    yield Fact(_("To"), nobody or _("Run402"), payee)
    yield Fact(_("At"), str(document.get("gateway", "")))
    yield Fact(_("Network"), network_name(str(document.get("network", ""))))
    yield Fact(_("Valid until"), f"{request.expires_at:%Y-%m-%d %H:%M} UTC")


def _passkey(request: Approval, membership: Membership) -> Passkey:
    actions = approvals.actions_for(request.operation)
    usable = [one for one in _usable(membership) if all(allows(one.role, action) for action in actions)]
    return Passkey(
        ready=bool(usable),
        challenge=reveal.encode(bytes.fromhex(documents.digest(request.document))),
        credentials=" ".join(one.credential_id for one in usable),
        rp_id=assertions.rp_id(),
    )


def _usable(membership: Membership) -> list[TrustedPasskey]:
    return list(passkeys.usable(membership.team, membership.user))
