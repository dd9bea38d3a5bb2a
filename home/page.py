"""The home page as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.models import Event
from audit.words import in_words
from billing import renewals
from core.ui.money import usd
from home import first
from home.account import Account, WalletNow, lapsed
from operations import approvals, decisions, watch
from operations.live import decide_url
from operations.models import Operation, State
from projects.pages import Row
from teams.middleware import PanelRequest
from teams.models import Membership
from teams.permissions import Action, allows
from wallets import passkeys
from wallets.models import TrustedPasskey

#: Milliseconds between two looks at what is running.
RUNNING_MS = 1000
#: How the end of something looks, by the last word of its action.
LOOKS = {
    "succeeded": "ok",
    "settled": "ok",
    "live": "ok",
    "failed": "bad",
    "refused": "bad",
    "cancelled": "cancelled",
    "unknown": "unknown",
}


@dataclass(frozen=True)
class Need:
    """One thing that waits for a person."""

    icon: str
    title: str
    text: str
    url: str
    button: str
    refuse_url: str = ""


@dataclass(frozen=True)
class Change:
    """One line of what changed."""

    event: Event
    look: str
    words: str
    url: str
    micros: int | None
    network: str


@dataclass(frozen=True)
class Money:
    """The wallets in the rail. It asks `url` for fresh balances after `delay` milliseconds; 0 is never."""

    wallets: tuple[WalletNow, ...]
    more: int
    network: str
    url: str
    delay: int


@dataclass(frozen=True)
class Running:
    """What a worker is on or will be without anybody's decision; asked again at `url` while there is something."""

    operations: tuple[Operation, ...]
    url: str
    delay: int


@dataclass(frozen=True)
class HomePage:
    """Everything on the home page."""

    sentence: str
    needs: tuple[Need, ...]
    running: Running
    steps: tuple[first.Step, ...]
    projects: tuple[Row, ...]
    project_count: int
    changes: tuple[Change, ...]
    money: Money
    may_create: bool
    may_deploy: bool

    @property
    def steps_done(self) -> int:
        """How many of the first steps are behind the team."""
        return sum(step.state == first.DONE for step in self.steps)


def home_page(account: Account, money: Money, request: PanelRequest) -> HomePage:
    """Return the page of an account for a member."""
    member = request.membership
    needs, running = needs_of(account, member), running_of(account.active)
    steps = first.steps(account, member)
    rows = tuple(Row.of(project, member) for project in account.projects)
    return HomePage(
        sentence=_sentence(len(running.operations), len(needs), beginning=bool(steps)),
        needs=needs,
        running=running,
        steps=steps,
        projects=rows,
        project_count=account.project_count,
        changes=tuple(_change(event) for event in account.events),
        money=money,
        may_create=allows(member.role, Action.PROJECT_CREATE),
        may_deploy=any(row.may_deploy for row in rows),
    )


def running_of(active: Sequence[Operation]) -> Running:
    """Return what is under way; its address names what is shown, so that an end is noticed."""
    operations = tuple(operation for operation in active if operation.state != State.WAITING)
    shown = urlencode([("shown", operation.pk) for operation in operations])
    return Running(operations, f"{reverse('home:running')}?{shown}", RUNNING_MS if operations else 0)


def needs_of(account: Account, membership: Membership) -> tuple[Need, ...]:
    """Return what waits for the member: decisions, payments, tiers that ended or cannot be renewed, new passkeys."""
    paused = [operation for operation in account.active if operation.state == State.WAITING]
    waiting = [need for operation in paused if (need := _waits(operation, membership))]
    unknown = [_unknown(now) for now in account.wallets if now.unknown_payment]
    ended = [_tier_ended(now) for now in lapsed(account)] if account.has_gone_live else []
    payable = [now for now in account.wallets if now.open_checkout]
    cards = [_unpaid(now) for now in payable] if allows(membership.role, Action.TIER_SET) else []
    low = [_low(now) for now in account.ready_wallets if renewals.is_low_soon(now.wallet)]
    owner = allows(membership.role, Action.OWNERS_MANAGE)
    new = [_new_passkey(one) for one in passkeys.waiting(membership.team)] if owner else []
    return (*waiting, *new, *unknown, *cards, *ended, *low, *_of_the_instance(membership))


def _of_the_instance(membership: Membership) -> list[Need]:
    """Return what is wrong with the instance, for those who can act or know who can."""
    operates = membership.user.is_operator
    if not operates and not allows(membership.role, Action.MEMBERS_MANAGE):
        return []
    url = reverse("home:instance" if operates else "home:settings")
    return [Need(one.icon, str(one.title), str(one.text), url, _("Look")) for one in watch.problems()]


def _new_passkey(passkey: TrustedPasskey) -> Need:
    title = _("A new passkey of %(who)s will confirm payments and exports") % {"who": passkey.user.label}
    when = passkey.eligible_from.strftime("%Y-%m-%d %H:%M")
    text = _("“%(name)s”, from %(when)s UTC. Refuse it if you do not know of it.")
    refuse = reverse("billing:passkey_refuse", args=[passkey.pk])
    words = {"name": passkey.name, "when": when}
    return Need("fingerprint-pattern", title, text % words, reverse("billing:passkeys"), _("Look"), refuse)


def _waits(operation: Operation, membership: Membership) -> Need | None:
    """Return what the member can do about it; nothing about what only others can decide.

    A passkey's word is its asker's alone, on a page of its own.
    """
    if operation.awaits_consent and (operation.actor_id != membership.user_id or not decide_url(operation)):
        return None
    if not approvals.is_waiting(operation):
        return _decision(operation)
    if operation.actor_id == membership.user_id or not allows(membership.role, Action.PAYMENT_APPROVE):
        return None
    text = _("%(who)s asks; a second person has to approve") % {"who": operation.actor_label}
    url = reverse("operations:approval", args=[operation.pk])
    return Need("hourglass", operation.title, text, url, _("Review"))


def _decision(operation: Operation) -> Need:
    text = _("By %(who)s, waits for a decision") % {"who": operation.actor_label}
    if decisions.is_in_review(operation):
        text = _("By %(who)s, nobody knows what became of it") % {"who": operation.actor_label}
    url = decide_url(operation) or reverse("operations:detail", args=[operation.pk])
    return Need("hourglass", operation.title, text, url, _("Review"))


def _unknown(now: WalletNow) -> Need:
    title = _("A payment of %(wallet)s has an unknown outcome") % {"wallet": now.wallet.label}
    text = _("The wallet pays nothing else until it is known.")
    return Need("clock", title, text, reverse("billing:payment", args=[now.unknown_payment]), _("Look"))


def _unpaid(now: WalletNow) -> Need:
    title = _("A payment by card for %(wallet)s is unfinished") % {"wallet": now.wallet.label}
    text = _("Its page waits for a card. Pay it, or put it aside.")
    url = reverse("billing:checkout", args=[now.open_checkout])
    return Need("credit-card", title, text, url, _("Look"))


def _tier_ended(now: WalletNow) -> Need:
    title = _("%(wallet)s has no active tier") % {"wallet": now.wallet.label}
    text = _("Its projects stop being served when the grace time ends.")
    return Need("triangle-alert", title, text, reverse("billing:wallet", args=[now.wallet.pk]), _("Renew"))


def _low(now: WalletNow) -> Need:
    title = _("%(wallet)s cannot pay its next renewal") % {"wallet": now.wallet.label}
    facts = {"tier": now.wallet.tier, "price": usd(renewals.price_micros(now.wallet) or 0, exact=True)}
    text = (
        _("The %(tier)s tier costs %(price)s, and neither the wallet nor Run402 holds that for it.") % facts
    )
    return Need("wallet", title, text, reverse("billing:wallet", args=[now.wallet.pk]), _("Look"))


def _change(event: Event) -> Change:
    look = LOOKS.get(event.action.rpartition(".")[2], "")
    operation = event.object_id if event.object_type == "operation" else event.details.get("operation")
    url = reverse("operations:detail", args=[operation]) if operation else ""
    micros, network = event.details.get("amount_micros"), str(event.details.get("network") or "")
    return Change(event, look, in_words(event.action), url, micros, network)


def _sentence(running: int, needs: int, *, beginning: bool) -> str:
    """Return the sentence under the title: what runs and what waits."""
    if not running and not needs and beginning:
        return _("Five steps to a site of yours on the web, in about two minutes and with test money only.")
    if not running and not needs:
        return _("Nothing is running and nothing waits for you.")
    runs = ngettext("%(n)s operation is running", "%(n)s operations are running", running) % {"n": running}
    waits = ngettext("%(n)s thing waits for you", "%(n)s things wait for you", needs) % {"n": needs}
    parts = [words for words, count in ((runs, running), (waits, needs)) if count]
    return str(capfirst(_(" and ").join(parts))) + "."
