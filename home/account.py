"""What the home page reads, in four queries: wallets, projects, what is under way, what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Sum, Window
from django.db.models.functions import Coalesce

from audit.models import Event
from audit.selectors import events_of
from deploys.models import Release
from operations.models import ACTIVE, Operation, State
from operations.selectors import at, operations_of
from projects.models import Project
from projects.payers import Lease, Payer, payer
from projects.selectors import newest_live_first
from teams.models import Membership
from teams.reach import Reach
from teams.record import events_within
from wallets import windows
from wallets.models import Checkout, Gateway, Payment, Wallet
from wallets.selectors import a_day_ago, wallets_of

MOST_PROJECTS, MOST_OPERATIONS, MOST_EVENTS = 6, 12, 8
#: What only leads to another event says nothing new on its own.
SILENT = (
    "operation.requested",
    "operation.decided",
    "payment.reserved",
    "wallet.requested",
    "wallet.made",
    "access.confirmed",
)


@dataclass(frozen=True)
class WalletNow:
    """A wallet with its spending of 24 hours, the payment that blocks it, and an unfinished one by card."""

    payer: Payer
    spent_in_a_day_micros: int
    unknown_payment: str
    open_checkout: str = ""

    @property
    def wallet(self) -> Wallet:
        return self.payer.wallet


@dataclass(frozen=True)
class Account:
    """A team at one gateway, at a glance. `has_gone_live`: a site of theirs is or was served."""

    wallets: tuple[WalletNow, ...]
    projects: tuple[Project, ...]
    project_count: int
    has_gone_live: bool
    active: tuple[Operation, ...]
    events: tuple[Event, ...]

    @property
    def ready_wallets(self) -> list[WalletNow]:
        """The wallets that can sign."""
        return [now for now in self.wallets if now.wallet.is_ready]

    def under_way(self, *kinds: str) -> Operation | None:
        """Return the first active operation of these kinds."""
        return next((operation for operation in self.active if operation.kind in kinds), None)


def read(membership: Membership, gateway: Gateway) -> Account:
    """Return what a member reaches of their team at the gateway.

    What is under way is read first: of what has ended by then, the rest shows the outcome; the other end loads the page
    anew.
    """
    reach = membership.reach
    under_way = tuple(active(reach, gateway))
    projects = tuple(_projects(reach, gateway))
    return Account(
        wallets=tuple(wallets_now(reach, gateway)),
        projects=projects,
        project_count=cast(Any, projects[0]).total if projects else 0,
        has_gone_live=any(cast(Any, project).released or project.live_release for project in projects),
        active=under_way,
        events=tuple(_changes(membership)[:MOST_EVENTS]),
    )


def _changes(membership: Membership) -> QuerySet[Event]:
    """Return what changed, newest first; who signed in or was turned away is told in the record only."""
    events = events_of(membership.team_id, within=events_within(membership))
    return events.exclude(action__in=SILENT).exclude(action__startswith="access.")


def _projects(reach: Reach, gateway: Gateway) -> QuerySet[Project]:
    """Return the projects that the page shows, with how many there are and whether one was ever released."""
    released = Exists(Release.objects.filter(project=OuterRef("pk")))
    return newest_live_first(reach, gateway).annotate(total=Window(Count("pk")), released=released)[
        :MOST_PROJECTS
    ]


def wallets_now(reach: Reach, gateway: Gateway) -> list[WalletNow]:
    """Return the wallets at the gateway, oldest first, in one query."""
    payments = Payment.objects.filter(wallet=OuterRef("pk")).order_by()
    counting = payments.filter(reserved_at__gt=a_day_ago(), state__in=Payment.COUNTING)
    counting = counting.exclude(paid_by="card")
    spent = counting.values("wallet").annotate(total=Sum(windows.charged())).values("total")
    unknown = payments.filter(state=Payment.State.UNKNOWN).values("pk")[:1]
    unpaid = Checkout.objects.filter(wallet=OuterRef("pk"), state=Checkout.State.OPEN).values("pk")[:1]
    rows = wallets_of(reach, gateway).annotate(
        spent_lately=Coalesce(Subquery(spent), 0),
        unknown_payment=Subquery(unknown),
        open_checkout=Subquery(unpaid),
    )
    return [_wallet_now(row) for row in rows.order_by("created_at")]


def _wallet_now(row: Wallet) -> WalletNow:
    read = cast(Any, row)
    return WalletNow(
        payer(row), int(read.spent_lately), str(read.unknown_payment or ""), str(read.open_checkout or "")
    )


def active(reach: Reach, gateway: Gateway) -> list[Operation]:
    """Return what people asked for and has not ended, what waits for them first."""
    found = at(operations_of(reach), gateway).filter(state__in=ACTIVE, actor__isnull=False)
    return sorted(found.order_by("created_at")[:MOST_OPERATIONS], key=lambda row: row.state != State.WAITING)


def lapsed(account: Account) -> list[WalletNow]:
    """Return the wallets that have projects and no active tier any more."""
    having = {project.wallet_id for project in account.projects}
    gone = (Lease.LAPSED, Lease.NONE)
    return [now for now in account.ready_wallets if now.wallet.pk in having and now.payer.lease in gone]
