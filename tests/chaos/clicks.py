"""What people may do, one function for each kind of operation, and how often. A click asks a service, as a view does.

A kind that is added later is missing here until its room adds a click, or a reason why it has none (test_verdict).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet

import deploys.services
import projects.services
from billing import custody, freezes, limits, services
from billing.prices import price_of
from billing.services import NewLimits
from deploys.models import Deploy, Release
from deploys.sources import Upload, read_upload
from operations.models import Operation, State
from projects.models import Project
from projects.payers import Lease, payer
from tests.chaos.cast import Person
from tests.passkeys import SoftPasskey
from tools.sites import site, zipped
from wallets.models import Freeze, Payment, Wallet

#: Kinds that no click asks for, and why.
LEFT_OUT = {
    "wallet.import": "an imported wallet signs nothing for a sandbox, and there is no other gateway here",
    "wallet.catch_up": "only a restored instance reads what its wallets spent",
    "wallet.unfreeze_due": "nobody asks for it: it falls due an hour after one person's word, longer than a run",
    "payee.confirm": "the sandbox asks for one address only, and nobody confirms what was not asked for",
    "payment.decide": "only what the chain told nothing of for a day is decided, and a run is shorter",
}

PRICE = 100_000
FUNDS = 400_000
#: What a new wallet may spend a day: some reach their limit soon.
PER_DAY = (250_000, 600_000, 2_000_000)
MOST_WALLETS, MOST_PROJECTS, MOST_PASSKEYS = 5, 12, 3
T = TypeVar("T")


class NothingToDo(Exception):
    """This person finds nothing to click for that now."""


Act = Callable[[Person], Operation | None]


@dataclass(frozen=True)
class Click:
    """`weight`: how often it is chosen. `twice`: pressed twice at once it must be one wish."""

    kind: str
    act: Act
    weight: int
    twice: bool


CLICKS: dict[str, Click] = {}


def click(kind: str, weight: int, *, twice: bool = False) -> Callable[[Act], Act]:
    """Register the decorated function as the click for a kind."""

    def add(act: Act) -> Act:
        CLICKS[kind] = Click(kind, act, weight, twice)
        return act

    return add


# --- Wallets ---


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
        wallet=_one(person, _wallets(person).filter(faucet_at=None)), actor=person.user
    )


@click("tier.set", 16, twice=True)
def pay_for_tier(person: Person) -> Operation | None:
    """Pay for the prototype tier: the first time, or a renewal. The sandbox gives the money when it is short."""
    wallet = _one(person, _wallets(person))
    if price_of(wallet.gateway, "prototype") is None:
        return read_prices(person)  # as the page of the prices does
    if (wallet.balance_micros or 0) < PRICE and person.dice.random() < 0.8:
        person.cast.outside.fund(wallet.address, FUNDS)
    return services.set_tier(wallet=wallet, actor=person.user, tier="prototype", shown_micros=PRICE)


@click("wallet.limits", 2, twice=True)
def lower_limits(person: Person) -> Operation:
    """Let a wallet spend less a day."""
    wallet = _one(person, _wallets(person).filter(policy__per_day_micros__gt=200_000))
    lower = NewLimits(wallet.policy.per_payment_micros, max(wallet.policy.per_day_micros - 150_000, 200_000))
    return services.lower_limits(wallet=wallet, actor=person.user, limits=lower)


@click("wallet.raise", 2)
def raise_limits(person: Person) -> Operation:
    """Ask for more a day; the passkey confirms later (`deciding`)."""
    wallet = _one(person, _wallets(person).filter(policy__per_day_micros__lt=1_000_000))
    higher = NewLimits(wallet.policy.per_payment_micros, wallet.policy.per_day_micros + 200_000)
    return limits.raise_limits(wallet=wallet, policy=wallet.policy, actor=person.user, limits=higher)


@click("wallet.unfreeze", 4)
def freeze_or_unfreeze(person: Person) -> Operation | None:
    """Freeze a wallet, which is done at once, or say that the frozen one may pay again; the passkey confirms later."""
    wallets = _wallets(person)
    frozen = wallets.filter(freezes__in=Freeze.objects.filter(lifted_at=None))
    if not frozen.exists():
        freezes.freeze_wallet(wallet=_one(person, wallets), actor=person.user, why="An agent runs wild")
        return None
    return freezes.ask_to_unfreeze(wallet=_one(person, frozen), actor=person.user)


@click("wallet.export", 1)
def export_key(person: Person) -> Operation:
    """Take a wallet's key out; the passkey confirms later."""
    return custody.export_wallet(wallet=_one(person, _wallets(person)), actor=person.user, reader=person.tab)


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
    return services.reconcile_payment(payment=_one(person, unknown), actor=person.user)


# --- Readings ---


@click("gateway.tiers", 1, twice=True)
def read_prices(person: Person) -> Operation:
    return services.refresh_tiers(team=person.team, gateway=person.cast.gateway, actor=person.user)


@click("wallet.balance", 2, twice=True)
def read_balance(person: Person) -> Operation:
    return services.refresh_wallet(wallet=_one(person, _wallets(person)), actor=person.user)


@click("project.sync", 3, twice=True)
def read_project(person: Person) -> Operation:
    """Read a project, or look up one whose making left no answer."""
    return projects.services.refresh(project=_one(person, _projects(person)), actor=person.user)


@click("releases.sync", 2, twice=True)
def read_releases(person: Person) -> Operation | None:
    return deploys.services.refresh_releases(_one(person, _ready(person)))


# --- Projects ---


@click("project.provision", 12)
def make_project(person: Person) -> Operation | None:
    """Make a project, or make one again that could not be made."""
    failed = list(Project.objects.filter(team=person.team, state=Project.State.FAILED))
    if failed and person.dice.random() < 0.6:
        return projects.services.make_again(project=person.dice.choice(failed), actor=person.user)
    if _projects(person).count() >= MOST_PROJECTS:
        raise NothingToDo
    wallets = [wallet for wallet in _wallets(person) if payer(wallet).lease is Lease.ACTIVE]
    project = projects.services.create_project(
        team=person.team, actor=person.user, wallet=_one(person, wallets), name=f"app-{uuid.uuid4().hex[:10]}"
    )
    return Operation.objects.filter(kind="project.provision", subject_id=project.pk).first()


@click("project.reveal", 3)
def show_key(person: Person) -> Operation:
    return projects.services.reveal_service_key(
        project=_one(person, _ready(person)), actor=person.user, reader=person.tab
    )


# --- Deploys ---


@click("deploy", 45)
def deploy(person: Person) -> Operation | None:
    """Upload a site, or go on with what failed."""
    failed = list(Deploy.objects.filter(team=person.team, operation__state=State.FAILED)[:5])
    if failed and person.dice.random() < 0.3:
        return _go_on(person, person.dice.choice(failed))
    project = _one(person, _ready(person))
    archive = SimpleUploadedFile("site.zip", zipped(site(person.dice.randrange(10**6))))
    source = read_upload(Upload(archive, ""), team=person.team, user=person.user)
    return deploys.services.start_deploy(project=project, user=person.user, source=source).operation


def _go_on(person: Person, failed: Deploy) -> Operation | None:
    """Resume it where Run402 stopped half-way; else plan it again."""
    details = (failed.operation.error if failed.operation else {}).get("details") or {}
    if details.get("resumable"):
        return deploys.services.resume_deploy(deploy=failed, user=person.user)
    return deploys.services.deploy_again(deploy=failed, user=person.user).operation


@click("redeploy", 16, twice=True)
def redeploy(person: Person) -> Operation | None:
    """Bring back a release that is not live."""
    releases = Release.objects.filter(team=person.team).select_related("project")
    old = [release for release in releases if not release.is_live]
    return deploys.services.redeploy_release(release=_one(person, old), user=person.user).operation


def _wallets(person: Person) -> QuerySet[Wallet]:
    found = Wallet.objects.filter(team=person.team, state=Wallet.State.READY)
    return found.select_related("policy", "gateway", "team")


def _projects(person: Person) -> QuerySet[Project]:
    return Project.objects.filter(team=person.team).select_related("wallet__gateway", "gateway", "team")


def _ready(person: Person) -> QuerySet[Project]:
    return _projects(person).filter(state=Project.State.READY)


def _one(person: Person, found: Iterable[T]) -> T:
    """Return one of them by the person's dice; raise NothingToDo when there is none."""
    rows = list(found)
    if not rows:
        raise NothingToDo
    return person.dice.choice(rows)
