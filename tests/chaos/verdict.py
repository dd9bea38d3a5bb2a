"""Compares the panel's rows with what the sandbox has on record; each difference is a finding."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from audit.models import Event
from deploys.models import Deploy, Release
from operations.models import FINAL, Operation, Reason, State
from projects.models import Project
from tests.chaos.books import Books
from wallets.models import Payment, SpendPolicy, TrustedPasskey, Wallet

LOST, REPEATED, OVERSPENT, OTHER = "lost", "repeated", "overspent", "other"
#: With one of these an operation says that it does not know whether it had an effect, or that it had a part of it.
DOUBTS = ("unknown", "partial", "committed")
OUR_MISTAKES = ("PANEL_BUG", "UNKNOWN_KIND")


@dataclass(frozen=True)
class Finding:
    """What is wrong, and the row that shows it."""

    what: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.what}: {self.sentence}"


@dataclass(frozen=True)
class Facts:
    """What a check looks at."""

    books: Books
    operations: tuple[Operation, ...]
    asked: frozenset[str]

    def of(self, *kinds: str) -> list[Operation]:
        return [operation for operation in self.operations if operation.kind in kinds]


Check = Callable[[Facts], Iterator[Finding]]
CHECKS: list[Check] = []


def check(function: Check) -> Check:
    CHECKS.append(function)
    return function


def verdict(books: Books, asked: Iterable[str]) -> list[Finding]:
    """Return everything that is wrong."""
    operations = tuple(Operation.objects.order_by("created_at").select_related("wallet"))
    facts = Facts(books, operations, frozenset(asked))
    return [finding for each in CHECKS for finding in each(facts)]


def told(operation: Operation) -> str:
    """Return the operation as a line that leads to its rows and log lines."""
    error = operation.error.get("code", "")
    seen = [event.type for event in operation.events.all()]
    return (
        f"{operation.kind} {operation.pk} {operation.state}{f' ({error})' if error else ''}"
        f" attempts {operation.attempts} fence {operation.fence} checkpoints {sorted(operation.checkpoints)}"
        f" events {seen[-12:]}"
    )


def doubts(operation: Operation) -> bool:
    """Say whether it failed without claiming that nothing happened."""
    return operation.state == State.FAILED and operation.error.get("mutation_state") in DOUBTS


# --- Rows ---


@check
def everything_asked_for_is_there(facts: Facts) -> Iterator[Finding]:
    for missing in sorted(facts.asked - {str(operation.pk) for operation in facts.operations}):
        yield Finding(LOST, f"operation {missing} was asked for and is not there")


@check
def everything_has_ended_or_waits_for_a_person(facts: Facts) -> Iterator[Finding]:
    for operation in facts.operations:
        if operation.state == State.WAITING and operation.reason in Reason.values:
            continue
        if operation.state not in FINAL:
            yield Finding(LOST, f"has not ended: {told(operation)}")
        elif operation.error.get("code") in OUR_MISTAKES:
            yield Finding(OTHER, f"our mistake {operation.error.get('details')}: {told(operation)}")


@check
def every_end_is_told_once(facts: Facts) -> Iterator[Finding]:
    """One event of the end on the page, and one entry in the audit record for what is audited."""
    actions = ["operation.succeeded", "operation.failed", "operation.cancelled", "operation.refused"]
    entries = Counter(Event.objects.filter(action__in=actions, object_type="operation").values_list("object_id"))
    for operation in facts.operations:
        ends = [event for event in operation.events.all() if event.type in ("succeeded", "failed", "cancelled")]
        if operation.state in FINAL and len(ends) != 1:
            yield Finding(OTHER, f"its end is told {len(ends)} times: {told(operation)}")
        if entries[(str(operation.pk),)] > 1:
            yield Finding(REPEATED, f"its end is recorded {entries[(str(operation.pk),)]} times: {told(operation)}")


@check
def one_wish_is_one_operation(facts: Facts) -> Iterator[Finding]:
    """Of equal wishes, such as a double click, one at a time is under way."""
    last: dict[tuple[object, str], Operation] = {}
    for operation in facts.operations:
        if not operation.unique_key:
            continue
        key = (operation.team_id, operation.unique_key)
        before = last.get(key)
        if before and (before.finished_at is None or before.finished_at > operation.created_at):
            yield Finding(REPEATED, f"two at a time: {told(before)} and {told(operation)}")
        last[key] = operation


@check
def a_release_is_brought_back_once_at_a_time(facts: Facts) -> Iterator[Finding]:
    last: dict[object, Operation] = {}
    deploys = Deploy.objects.filter(kind=Deploy.Kind.REDEPLOY).select_related("operation").order_by("operation__created_at")
    for deploy in deploys:
        operation, before = deploy.operation, last.get(deploy.restores_id)
        if operation is None:
            continue
        if before and (before.finished_at is None or before.finished_at > operation.created_at):
            yield Finding(REPEATED, f"two redeploys at a time: {told(before)} and {told(operation)}")
        last[deploy.restores_id] = operation


# --- Wallets and passkeys ---


@check
def a_wallet_is_made_once(facts: Facts) -> Iterator[Finding]:
    made = Counter(Event.objects.filter(action="wallet.made").values_list("object_id", flat=True))
    policies = set(SpendPolicy.objects.values_list("wallet_id", flat=True))
    wallets = {wallet.pk: wallet for wallet in Wallet.objects.all()}
    for operation in facts.of("wallet.create"):
        wallet = wallets[operation.subject_id]
        there = wallet.is_ready and bool(wallet.address) and bool(wallet.key_sealed) and wallet.pk in policies
        if (operation.state == State.SUCCEEDED) != there and not doubts(operation):
            yield Finding(LOST, f"wallet {wallet.pk} is {wallet.state}: {told(operation)}")
        if made[str(wallet.pk)] > 1:
            yield Finding(REPEATED, f"wallet {wallet.pk} was made {made[str(wallet.pk)]} times: {told(operation)}")
    names = Counter((wallet.team_id, wallet.label) for wallet in wallets.values() if wallet.state != "failed")
    for (team, label), count in names.items():
        if count > 1:
            yield Finding(REPEATED, f"{count} wallets of team {team} are called {label}")


@check
def a_key_leaves_with_one_trace(facts: Facts) -> Iterator[Finding]:
    """What was shown or exported is on record exactly once, and what is on record was shown or may have been."""
    actions = {"wallet.export": "wallet.exported", "project.reveal": "key.revealed"}
    for kind, action in actions.items():
        events = Event.objects.filter(action=action).values_list("details__operation", flat=True)
        traces = Counter(events)
        for operation in facts.of(kind):
            count = traces[str(operation.pk)]
            if operation.state == State.SUCCEEDED and count == 0:
                yield Finding(LOST, f"left without a trace: {told(operation)}")
            if count > 1:
                yield Finding(REPEATED, f"has {count} traces: {told(operation)}")


@check
def a_passkey_is_let_in_once(facts: Facts) -> Iterator[Finding]:
    """The row is unique in its team; a success without one is a lie."""
    for operation in facts.of("passkey.trust"):
        there = TrustedPasskey.objects.filter(team=operation.team_id, user=operation.actor_id).exists()
        if operation.state == State.SUCCEEDED and not there:
            yield Finding(LOST, f"there is no such passkey: {told(operation)}")


@check
def limits_are_written_once(facts: Facts) -> Iterator[Finding]:
    written = Counter(
        Event.objects.filter(action__in=["wallet.made", "wallet.limits_written", "wallet.limits_raised"])
        .values_list("object_id", flat=True)
    )
    for policy in SpendPolicy.objects.all():
        if policy.version != written[str(policy.wallet_id)]:
            said = f"wallet {policy.wallet_id}: version {policy.version} after {written[str(policy.wallet_id)]} entries"
            yield Finding(REPEATED, said)
    done = Counter(
        operation.subject_id
        for operation in facts.of("wallet.limits", "wallet.raise", "wallet.create")
        if operation.state == State.SUCCEEDED
    )
    for wallet, count in done.items():
        if count != written[str(wallet)] and not any(map(doubts, facts.of("wallet.limits", "wallet.raise"))):
            others = [told(one) for one in facts.operations if one.subject_id == wallet and one.state != State.SUCCEEDED]
            yield Finding(LOST, f"wallet {wallet}: {count} successes, {written[str(wallet)]} entries; else {others}")


@check
def the_faucet_gives_once(facts: Facts) -> Iterator[Finding]:
    drips = Counter(facts.books.drips)
    won = Counter(o.wallet.address.lower() for o in facts.of("wallet.faucet") if o.wallet and o.state == State.SUCCEEDED)
    for operation in facts.of("wallet.faucet"):
        address = operation.wallet.address.lower() if operation.wallet else ""
        if operation.state == State.SUCCEEDED and not drips[address]:
            yield Finding(LOST, f"the faucet never gave to {address}: {told(operation)}")
        if won[address] > 1:
            yield Finding(REPEATED, f"{won[address]} successes at {address}: {told(operation)}")


# --- Money ---


@check
def every_payment_is_on_both_ledgers(facts: Facts) -> Iterator[Finding]:
    """A used authorization has one row that says settled; a row that says otherwise has none."""
    paid: dict[tuple[str, str], int] = {(one.payer, one.nonce): one.micros for one in facts.books.paid}
    if facts.books.payments != len(facts.books.paid):
        yield Finding(REPEATED, f"{facts.books.payments} transfers for {len(facts.books.paid)} authorizations")
    for payment in Payment.objects.select_related("wallet"):
        key = (payment.wallet.address.lower(), payment.nonce.lower())
        micros = paid.pop(key, None) if payment.nonce else None
        said = f"payment {payment.pk} of operation {payment.operation_id} is {payment.state}"
        if payment.is_open:
            yield Finding(OTHER, f"{said}: never closed")
        elif payment.state == Payment.State.SETTLED and payment.paid_by == "x402" and micros is None:
            yield Finding(LOST, f"{said}, and the ledger does not have it")
        elif payment.state == Payment.State.RELEASED and micros is not None:
            yield Finding(OVERSPENT, f"{said}, and the ledger moved {micros}")
        elif micros is not None and micros != payment.settled_micros:
            yield Finding(OVERSPENT, f"{said} for {payment.settled_micros}, and the ledger moved {micros}")
    for (payer, nonce), micros in paid.items():
        yield Finding(REPEATED, f"{payer} paid {micros} with the nonce {nonce}, and no row knows of it")


@check
def a_tier_is_paid_once_or_not_at_all(facts: Facts) -> Iterator[Finding]:
    payments = {payment.operation_id: payment for payment in Payment.objects.all()}
    for operation in facts.of("tier.set"):
        payment = payments.get(operation.pk)
        settled = payment is not None and payment.state == Payment.State.SETTLED
        if operation.state == State.SUCCEEDED and not settled:
            yield Finding(LOST, f"nothing was paid: {told(operation)}")
        if operation.state in (State.CANCELLED, State.FAILED) and settled and not _said_paid(operation):
            yield Finding(LOST, f"it was paid: {told(operation)}")


def _said_paid(operation: Operation) -> bool:
    return doubts(operation) or operation.error.get("code") == "PAID_NOT_DELIVERED"


@check
def limits_hold_at_every_moment(facts: Facts) -> Iterator[Finding]:
    """The audit record, read from its beginning: no reservation went beyond what the wallet could still spend."""
    day: dict[str, int] = {}
    spent: dict[tuple[str, object], int] = defaultdict(int)
    reserved: dict[str, tuple[str, object]] = {}
    made = {str(operation.subject_id): operation.args["per_day_micros"] for operation in facts.of("wallet.create")}
    for event in Event.objects.filter(object_type__in=["wallet", "payment"]).order_by("chain_id", "seq"):
        if event.action == "wallet.made":
            day[event.object_id] = int(made[event.object_id])
        elif event.action in ("wallet.limits_written", "wallet.limits_raised"):
            day[event.object_id] = int(event.details["per_day_micros"])
        elif event.action == "payment.reserved":
            key = (event.details["wallet"], event.at.date())
            reserved[event.object_id] = key
            spent[key] += event.details["amount_micros"]
            if spent[key] > day[key[0]]:
                yield Finding(OVERSPENT, f"wallet {key[0]}: {spent[key]} of {day[key[0]]} with {event.object_id}")
        elif event.action == "payment.released":
            spent[reserved[event.object_id]] -= event.details["amount_micros"]


@check
def no_wallet_paid_more_than_it_may(facts: Facts) -> Iterator[Finding]:
    """What the sandbox's ledger moved, against the highest limit that a wallet ever had."""
    moved: dict[str, int] = defaultdict(int)
    for one in facts.books.paid:
        moved[one.payer] += one.micros
    for wallet in Wallet.objects.exclude(address=""):
        kinds = ("wallet.create", "wallet.raise")
        most = max(o.args["per_day_micros"] for o in facts.of(*kinds) if o.subject_id == wallet.pk)
        days = len(set(Payment.objects.filter(wallet=wallet).values_list("reserved_at__date", flat=True)))
        if moved[wallet.address.lower()] > most * max(days, 1):
            yield Finding(OVERSPENT, f"wallet {wallet.pk} paid {moved[wallet.address.lower()]} and may {most} a day")


# --- Projects and releases ---


@check
def a_project_is_made_once(facts: Facts) -> Iterator[Finding]:
    """The sandbox has one project of a name where the panel says ready, and none where it says that there is none."""
    there: dict[str, list[str]] = defaultdict(list)
    for made in facts.books.projects:
        there[made.name].append(made.id)
    last = {operation.subject_id: operation for operation in facts.of("project.provision")}
    for project in Project.objects.all():
        operation, found = last[project.pk], there.pop(project.name, [])
        said = f"project {project.name} is {project.state} {project.status}, at the gateway {found}: {told(operation)}"
        if len(found) > 1:
            yield Finding(REPEATED, said)
        elif project.is_ready and found != [project.remote_id]:
            yield Finding(LOST, said)
        elif operation.state == State.SUCCEEDED and not project.is_ready:
            yield Finding(LOST, said)
        elif found and not project.is_ready and project.status != "unknown" and not doubts(operation):
            yield Finding(LOST, said)
    for name, found in there.items():
        yield Finding(REPEATED, f"the gateway has {name} {found}, and no row knows of it")


@check
def a_release_is_made_once(facts: Facts) -> Iterator[Finding]:
    """Each deploy that says live has one release at the gateway, and one that says that nothing happened has none."""
    live = Counter(released.key for released in facts.books.releases if released.key)
    known = set(Release.objects.filter(made_here=True).values_list("remote_id", flat=True))
    by_deploy: dict[object, list[Operation]] = defaultdict(list)
    for operation in facts.of("deploy", "redeploy"):
        by_deploy[operation.subject_id].append(operation)
    for operations in by_deploy.values():
        last = operations[-1]
        keys = [key for key in live for one in operations if _is_of(key, one)]
        count = sum(live[key] for key in keys)
        if count > 1:
            yield Finding(REPEATED, f"{count} releases: {told(last)}")
        unlike = last.result.get("promoted") or last.result.get("noop")
        won = last.state == State.SUCCEEDED and "release_id" in last.result and not unlike
        if won and not count:
            yield Finding(LOST, f"there is no release: {told(last)}")
        if won and last.result["release_id"] not in known:
            yield Finding(LOST, f"the panel has no release {last.result['release_id']}: {told(last)}")
        if count and last.state in (State.FAILED, State.CANCELLED) and not doubts(last):
            yield Finding(LOST, f"it is live at the gateway: {told(last)}")


def _is_of(key: str, operation: Operation) -> bool:
    own = operation.idempotency_key
    return key == own or key.startswith(f"{own}-")


@check
def the_mirror_tells_the_truth(facts: Facts) -> Iterator[Finding]:
    """After everything was read anew: balance, tier and what is live."""
    for wallet in Wallet.objects.filter(state=Wallet.State.READY):
        address = wallet.address.lower()
        seen = (wallet.balance_micros, wallet.tier)
        real = (facts.books.balances.get(address, 0), facts.books.tiers.get(address) or "")
        if seen != real:
            yield Finding(OTHER, f"wallet {wallet.pk} shows {seen}, the gateway has {real}")
    real_live = {made.id: made.live for made in facts.books.projects}
    for project in Project.objects.filter(state=Project.State.READY):
        if project.live_release != real_live.get(project.remote_id):
            real = real_live.get(project.remote_id)
            yield Finding(OTHER, f"project {project.name} shows {project.live_release!r} live, it is {real!r}")
