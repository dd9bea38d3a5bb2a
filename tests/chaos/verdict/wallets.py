"""Wallets, their limits and keys, and passkeys: made, written and shown once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from audit.models import Event
from operations.models import State
from tests.chaos.verdict.finding import LOST, REPEATED, Facts, Finding, check, doubts, told
from wallets.models import SpendPolicy, TrustedPasskey, Wallet


@check
def a_wallet_is_made_once(facts: Facts) -> Iterator[Finding]:
    made = Counter(Event.objects.filter(action="wallet.made").values_list("object_id", flat=True))
    policies = set(SpendPolicy.objects.values_list("wallet_id", flat=True))
    wallets: dict[object, Wallet] = {wallet.pk: wallet for wallet in Wallet.objects.all()}
    for operation in facts.of("wallet.create"):
        wallet = wallets[operation.subject_id]
        there = wallet.is_ready and bool(wallet.address) and bool(wallet.key_sealed) and wallet.pk in policies
        if (operation.state == State.SUCCEEDED) != there and not doubts(operation):
            yield Finding(LOST, f"wallet {wallet.pk} is {wallet.state}: {told(operation)}")
        if made[str(wallet.pk)] > 1:
            yield Finding(
                REPEATED, f"wallet {wallet.pk} was made {made[str(wallet.pk)]} times: {told(operation)}"
            )
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
        Event.objects.filter(
            action__in=["wallet.made", "wallet.limits_written", "wallet.limits_raised"]
        ).values_list("object_id", flat=True)
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
            others = [
                told(one)
                for one in facts.operations
                if one.subject_id == wallet and one.state != State.SUCCEEDED
            ]
            yield Finding(
                LOST, f"wallet {wallet}: {count} successes, {written[str(wallet)]} entries; else {others}"
            )


@check
def the_faucet_gives_once(facts: Facts) -> Iterator[Finding]:
    drips = Counter(facts.books.drips)
    won = Counter(
        o.wallet.address.lower() for o in facts.of("wallet.faucet") if o.wallet and o.state == State.SUCCEEDED
    )
    for operation in facts.of("wallet.faucet"):
        address = operation.wallet.address.lower() if operation.wallet else ""
        if operation.state == State.SUCCEEDED and not drips[address]:
            yield Finding(LOST, f"the faucet never gave to {address}: {told(operation)}")
        if won[address] > 1:
            yield Finding(REPEATED, f"{won[address]} successes at {address}: {told(operation)}")
