"""Clicks on wallets, limits, payments and passkeys."""

from __future__ import annotations

from dataclasses import replace

from billing import checkouts, custody, freezes, limits, services, thresholds
from billing.prices import price_of
from billing.services import NewLimits
from operations.models import Operation
from tests.chaos.cast import Person
from tests.chaos.clicks.readings import read_prices
from tests.chaos.clicks.registry import (
    FUNDS,
    MOST_PASSKEYS,
    MOST_WALLETS,
    PER_DAY,
    PRICE,
    NothingToDo,
    click,
    one_of,
    wallets_of,
)
from tests.passkeys import SoftPasskey
from wallets.models import Checkout, Freeze, Payment, Wallet
from wallets.thresholds import Rule


@click("wallet.create", 5, twice=True)
def make_wallet(person: Person) -> Operation | None:
    """Make one with a limit that is reached soon, or not. Two people may well choose the same name."""
    count = Wallet.objects.filter(team=person.team).count()
    if count >= MOST_WALLETS:
        raise NothingToDo
    label = f"Wallet {count + 1}"
    wallet = services.make_wallet(
        team=person.team,
        actor=person.user,
        gateway=person.cast.gateway,
        label=label,
        limits=NewLimits(200_000, person.dice.choice(PER_DAY)),
    )
    return Operation.objects.get(kind="wallet.create", subject_id=wallet.pk)


@click("wallet.faucet", 4, twice=True)
def ask_faucet(person: Person) -> Operation:
    """Ask for test money where it was not asked yet."""
    return services.draw_faucet(
        wallet=one_of(person, wallets_of(person).filter(faucet_at=None)), actor=person.user
    )


@click("tier.set", 16, twice=True)
def pay_for_tier(person: Person) -> Operation | None:
    """Pay for the prototype tier: the first time, or a renewal. The sandbox gives the money when it is short."""
    wallet = one_of(person, wallets_of(person))
    if price_of(wallet.gateway, "prototype") is None:
        return read_prices(person)  # as the page of the prices does
    if (wallet.balance_micros or 0) < PRICE and person.dice.random() < 0.8:
        person.cast.outside.fund(wallet.address, FUNDS)
    return services.set_tier(wallet=wallet, actor=person.user, tier="prototype", shown_micros=PRICE)


@click("checkout.create", 3)
def ask_for_a_card_page(person: Person) -> Operation | None:
    """Ask for a page to pay for a tier by card, which nobody pays; or put one aside. One for the same is joined."""
    open_ones = list(Checkout.objects.filter(team=person.team, state=Checkout.State.OPEN))
    if open_ones and person.dice.random() < 0.5:
        checkouts.put_aside(checkout=person.dice.choice(open_ones), actor=person.user)
        return None
    wallet = one_of(person, wallets_of(person))
    if price_of(wallet.gateway, "prototype") is None:
        return read_prices(person)
    made = checkouts.ask_for_tier(wallet=wallet, actor=person.user, tier="prototype")
    return checkouts.asked_by(made)


@click("wallet.limits", 2, twice=True)
def lower_limits(person: Person) -> Operation:
    """Let a wallet spend less a day."""
    wallet = one_of(person, wallets_of(person).filter(policy__per_day_micros__gt=200_000))
    lower = NewLimits(wallet.policy.per_payment_micros, max(wallet.policy.per_day_micros - 150_000, 200_000))
    return services.lower_limits(wallet=wallet, actor=person.user, limits=lower)


@click("wallet.raise", 2)
def raise_limits(person: Person) -> Operation:
    """Ask for more a day; the passkey confirms later (`deciding`)."""
    wallet = one_of(person, wallets_of(person).filter(policy__per_day_micros__lt=1_000_000))
    higher = NewLimits(wallet.policy.per_payment_micros, wallet.policy.per_day_micros + 200_000)
    return limits.raise_limits(wallet=wallet, policy=wallet.policy, actor=person.user, limits=higher)


@click("team.threshold", 1)
def lower_threshold(person: Person) -> Operation | None:
    """Have less paid without a second person, where there is a threshold."""
    return _change_threshold(person, -1_000)


@click("team.threshold_raise", 1)
def raise_threshold(person: Person) -> Operation | None:
    """Ask that a little more is paid without a second person; the passkey confirms later (`deciding`)."""
    return _change_threshold(person, 1_000)


def _change_threshold(person: Person, by: int) -> Operation | None:
    person.team.refresh_from_db(fields=["approval_above_micros", "exports_need_two"])
    now = Rule.shown(person.team)
    above = now.above
    if above is None or not 1_000 <= above + by < PRICE:
        raise NothingToDo
    return thresholds.change(team=person.team, actor=person.user, asked=replace(now, above=above + by))


@click("wallet.unfreeze", 4)
def freeze_or_unfreeze(person: Person) -> Operation | None:
    """Freeze a wallet, which is done at once, or say that the frozen one may pay again; the passkey confirms later."""
    wallets = wallets_of(person)
    frozen = wallets.filter(freezes__in=Freeze.objects.filter(lifted_at=None))
    if not frozen.exists():
        freezes.freeze_wallet(wallet=one_of(person, wallets), actor=person.user, why="An agent runs wild")
        return None
    return freezes.ask_to_unfreeze(wallet=one_of(person, frozen), actor=person.user)


@click("wallet.export", 1)
def export_key(person: Person) -> Operation:
    """Take a wallet's key out; the passkey confirms later."""
    return custody.export_wallet(
        wallet=one_of(person, wallets_of(person)), actor=person.user, reader=person.tab
    )


@click("passkey.trust", 3)
def add_passkey(person: Person) -> Operation | None:
    """Add a passkey to sign-in: asked for by itself in every team."""
    if person.passkeys_added >= MOST_PASSKEYS:
        raise NothingToDo
    person.passkeys_added += 1
    passkey = person.passkey if person.passkeys_added == 1 else SoftPasskey(person.user, "Phone")
    row = passkey.register()
    return Operation.objects.filter(kind="passkey.trust", args__authenticator=str(row.pk)).first()


@click("payment.reconcile", 3, twice=True)
def look_up_payment(person: Person) -> Operation:
    """Look up what nobody knows the outcome of."""
    unknown = Payment.objects.filter(team=person.team, state=Payment.State.UNKNOWN)
    return services.reconcile_payment(payment=one_of(person, unknown), actor=person.user)
