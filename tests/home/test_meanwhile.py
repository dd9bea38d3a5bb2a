"""No page stays behind when a worker ends its operation while the page is read, wherever between two of its queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deploys.models import Deploy
from jobs import selectors
from jobs.models import Job
from jobs.selectors import Line
from operations import results
from operations.models import Operation, Reason, State
from projects.models import Project, Secret
from teams.models import Team, User
from tests.billing.conftest import TIERS, at
from tests.factories import (
    DeployFactory,
    JobFactory,
    OperationFactory,
    PaymentFactory,
    ProjectFactory,
    ReleaseFactory,
    WalletFactory,
)
from tests.fixtures import ClientAs
from tests.meanwhile import ended, stale
from wallets.models import Checkout, Gateway, Payee, Payment, SpendPolicy, TrustedPasskey, Wallet

pytestmark = pytest.mark.django_db

Running = Callable[..., Operation]
HX = {"HX-Request": "true"}


@pytest.fixture
def web(client_as: ClientAs, alice: User, gateway: Gateway) -> Client:
    return at(client_as(alice), gateway)


@pytest.fixture
def wallet(team: Team, gateway: Gateway, alice: User) -> Wallet:
    """A wallet that was read a moment ago."""
    made: Wallet = WalletFactory.create(
        team=team, gateway=gateway, owner=alice, balance_micros=1_000_000, balance_at=timezone.now()
    )
    SpendPolicy.objects.create(wallet=made, per_payment_micros=100_000, per_day_micros=1_000_000, version=1)
    return made


@pytest.fixture
def project(wallet: Wallet) -> Project:
    """A project that was read a moment ago, and whose keys are here."""
    made: Project = ProjectFactory.create(
        team=wallet.team,
        wallet=wallet,
        service_key_sealed=b"sealed",
        synced_at=timezone.now(),
        secrets_at=timezone.now(),
    )
    return made


@pytest.fixture
def running(team: Team, gateway: Gateway, alice: User) -> Running:
    """Return a function that makes an operation that a worker is on."""

    def make(kind: str, subject_id: Any = None, **fields: Any) -> Operation:
        about = {"team": team, "gateway": gateway, "actor": alice, "state": State.RUNNING}
        made: Operation = OperationFactory.create(kind=kind, subject_id=subject_id, **about, **fields)
        return made

    return make


def strip_of(operation: Operation) -> str:
    return reverse("operations:strip", args=[operation.pk])


def operation_of(deploy: Deploy) -> Operation:
    assert deploy.operation is not None
    return deploy.operation


# --- Money ---


def test_a_wallet_shows_the_limits_that_were_written(web: Client, wallet: Wallet, running: Running) -> None:
    lowering = running("wallet.limits", wallet.pk, wallet=wallet)

    def end() -> None:
        SpendPolicy.objects.update(per_payment_micros=70_000)
        ended(lowering)

    url = reverse("billing:wallet", args=[wallet.pk])
    assert stale(lambda: web.get(url), end, fresh="$0.07", follows=strip_of(lowering)) == []


def test_a_wallet_shows_that_it_was_made(web: Client, wallet: Wallet, running: Running) -> None:
    making = running("wallet.create", wallet.pk, wallet=wallet)
    Wallet.objects.update(state=Wallet.State.MAKING)

    def end() -> None:
        Wallet.objects.update(state=Wallet.State.READY)
        ended(making)

    url = reverse("billing:wallet", args=[wallet.pk])
    assert stale(lambda: web.get(url), end, fresh="Sealed, workers only", follows=strip_of(making)) == []


@pytest.mark.parametrize("name", ["wallet", "wallet_money"])
@pytest.mark.parametrize("read_before", [True, False], ids=["read before", "never read"])
def test_a_balance_that_was_read_is_shown(
    web: Client, wallet: Wallet, running: Running, name: str, read_before: bool
) -> None:
    before = timezone.now() - timedelta(minutes=5) if read_before else None
    Wallet.objects.update(created_at=timezone.now())  # the frame shows the balance of the oldest one
    oldest = WalletFactory.create(team=wallet.team, gateway=wallet.gateway, owner=wallet.owner)
    Wallet.objects.filter(pk=oldest.pk).update(created_at=timezone.now() - timedelta(days=9))
    Wallet.objects.filter(pk=wallet.pk).update(balance_micros=None, balance_at=before)
    reading = running("wallet.balance", wallet.pk, wallet=wallet)

    def end() -> None:
        Wallet.objects.filter(pk=wallet.pk).update(balance_micros=3_210_000, balance_at=timezone.now())
        ended(reading)

    url, follows = (reverse(f"billing:{each}", args=[wallet.pk]) for each in (name, "wallet_money"))
    assert stale(lambda: web.get(url), end, fresh="$3.21", follows=f'hx-get="{follows}') == []


@pytest.mark.parametrize("kind", ["tier.set", "payment.reconcile", "payment.decide"])
def test_a_payment_shows_how_it_ended(web: Client, wallet: Wallet, running: Running, kind: str) -> None:
    paid_by = running("tier.set", wallet.pk, wallet=wallet)
    payment = PaymentFactory.create(wallet=wallet, state=Payment.State.UNKNOWN, operation_id=paid_by.pk)
    paying = paid_by
    if kind != "tier.set":
        waits = {"state": State.WAITING, "reason": Reason.REVIEW}
        Operation.objects.update(**waits if kind == "payment.decide" else {"state": State.FAILED})
        paying = running(kind, payment.pk, wallet=wallet)

    def end() -> None:
        Payment.objects.update(state=Payment.State.SETTLED, settled_micros=100_000)
        ended(paying)

    url = reverse("billing:payment", args=[payment.pk])
    assert stale(lambda: web.get(url), end, fresh="Paid. The money has moved", follows=strip_of(paying)) == []


@pytest.mark.parametrize("headers", [{}, HX], ids=["page", "fragment"])
def test_a_price_list_that_was_read_is_shown(
    web: Client, gateway: Gateway, running: Running, headers: dict[str, str]
) -> None:
    reading = running("gateway.tiers")

    def end() -> None:
        Gateway.objects.filter(pk=gateway.pk).update(tiers=TIERS, tiers_at=timezone.now())
        ended(reading)

    assert stale(lambda: web.get(reverse("billing:tiers"), headers=headers), end, fresh="Prototype") == []


@pytest.mark.parametrize("headers", [{}, HX], ids=["page", "fragment"])
@pytest.mark.parametrize("opens", [True, False], ids=["opens", "fails"])
def test_a_payment_by_card_shows_its_link_or_why_there_is_none(
    web: Client, wallet: Wallet, running: Running, opens: bool, headers: dict[str, str]
) -> None:
    asking = running("checkout.create", wallet=wallet)
    facts = {"team": wallet.team, "wallet": wallet, "product": Checkout.Product.BALANCE}
    checkout = Checkout.objects.create(
        **facts, amount_micros=5_000_000, state=Checkout.State.ASKED, operation_id=asking.pk
    )

    def end() -> None:
        state = Checkout.State.OPEN if opens else Checkout.State.FAILED
        Checkout.objects.update(state=state, look_at=timezone.now())
        ended(asking)

    url = reverse("billing:checkout", args=[checkout.pk])
    assert stale(lambda: web.get(url, headers=headers), end, fresh="No link was made") == []


def test_a_payee_that_was_confirmed_is_shown(
    web: Client, team: Team, gateway: Gateway, running: Running
) -> None:
    new = "0x" + "b" * 40
    payee = Payee.objects.create(team=team, gateway=gateway, address="0x" + "a" * 40, seen=new)
    confirming = running("payee.confirm", payee.pk)

    def end() -> None:
        Payee.objects.update(address=new, seen="", confirmed_by="alice", confirmed_at=timezone.now())
        ended(confirming)

    url, follows = reverse("billing:payees"), strip_of(confirming)
    assert stale(lambda: web.get(url), end, fresh='<span class="quiet">, alice</span>', follows=follows) == []


def test_a_passkey_that_was_let_in_is_shown(web: Client, team: Team, alice: User, running: Running) -> None:
    asked = running("passkey.trust")

    def end() -> None:
        now = timezone.now()
        facts = {"team": team, "user": alice, "role": "owner", "name": "Alice's laptop"}
        TrustedPasskey.objects.create(**facts, credential_id="one", public_key=b"", eligible_from=now)
        ended(asked)

    url, follows = reverse("billing:passkeys"), strip_of(asked)
    assert stale(lambda: web.get(url), end, fresh="Alice&#x27;s laptop", follows=follows) == []


def test_a_looser_rule_that_was_written_is_shown(web: Client, team: Team, running: Running) -> None:
    Team.objects.update(approval_above_micros=1_000_000)
    changing = running("team.threshold_raise", team.pk)

    def end() -> None:
        Team.objects.update(approval_above_micros=77_000_000)
        ended(changing)

    url, follows = reverse("billing:approvals"), strip_of(changing)
    assert stale(lambda: web.get(url), end, fresh='value="77.00"', follows=follows) == []


# --- Projects ---


def test_a_project_shows_that_it_was_made(web: Client, project: Project, running: Running) -> None:
    making = running("project.provision", project.pk, wallet=project.wallet)
    Project.objects.update(state=Project.State.PROVISIONING)

    def end() -> None:
        Project.objects.update(state=Project.State.READY)
        ended(making)

    url, follows = reverse("projects:detail", args=[project.pk]), strip_of(making)
    assert stale(lambda: web.get(url), end, fresh="Never deployed", follows=follows) == []


def test_a_project_shows_that_nobody_knows_whether_it_was_made(
    web: Client, project: Project, running: Running
) -> None:
    making = running("project.provision", project.pk, wallet=project.wallet)
    Project.objects.update(state=Project.State.PROVISIONING)

    def doubt() -> None:
        Project.objects.update(state=Project.State.FAILED, status="unknown")
        error = {"code": "LOST", "message": "No answer came.", "mutation_state": "unknown"}
        waits = {"state": State.WAITING, "reason": Reason.REVIEW, "error": error}
        Operation.objects.filter(pk=making.pk).update(**waits)

    url = reverse("projects:detail", args=[project.pk])
    running_strip = f'hx-get="{strip_of(making)}?after=0&amp;step=1"'
    assert stale(lambda: web.get(url), doubt, fresh="Was it made?", follows=running_strip) == []
    doubt()
    assert web.get(strip_of(making)).headers["HX-Refresh"] == "true"
    assert "review=1" in web.get(url).content.decode()
    assert web.get(f"{strip_of(making)}?review=1").status_code == 200


def test_a_project_shows_that_it_was_deleted(web: Client, project: Project, running: Running) -> None:
    deleting = running("project.delete", project.pk, wallet=project.wallet)

    def end() -> None:
        Project.objects.update(state=Project.State.DELETED, deleted_at=timezone.now())
        ended(deleting)

    url, follows = reverse("projects:detail", args=[project.pk]), strip_of(deleting)
    assert stale(lambda: web.get(url), end, fresh="This project is deleted.", follows=follows) == []


@pytest.mark.parametrize("name", ["detail", "mirror"])
@pytest.mark.parametrize("age", [0, 5], ids=["asked for", "stale"])
def test_what_was_read_of_a_project_is_shown(
    web: Client, project: Project, running: Running, name: str, age: int
) -> None:
    Project.objects.update(api_calls=1, synced_at=timezone.now() - timedelta(minutes=age))
    reading = running("project.sync", project.pk, wallet=project.wallet, queue="sync")

    def end() -> None:
        Project.objects.update(api_calls=4711, synced_at=timezone.now())
        ended(reading)

    url, follows = (reverse(f"projects:{each}", args=[project.pk]) for each in (name, "mirror"))
    assert stale(lambda: web.get(url), end, fresh="4,711", follows=f'hx-get="{follows}') == []


@pytest.mark.parametrize("name", ["secrets", "secrets_panel"])
def test_secrets_that_were_read_for_the_first_time_are_shown(
    web: Client, project: Project, running: Running, name: str
) -> None:
    Project.objects.update(secrets_at=None)
    reading = running("secrets.sync", project.pk, wallet=project.wallet, queue="sync")

    def end() -> None:
        Project.objects.update(secrets_at=timezone.now())
        ended(reading)

    url, fresh = reverse(f"projects:{name}", args=[project.pk]), "None is set"
    if name == "secrets":
        fresh = "No secrets yet"
    assert stale(lambda: web.get(url), end, fresh=fresh) == []


@pytest.mark.parametrize("name", ["secrets", "secrets_panel"])
def test_a_secret_that_was_set_is_shown(web: Client, project: Project, running: Running, name: str) -> None:
    setting = running("secrets.set", project.pk, wallet=project.wallet, args={"keys": ["API_KEY"]})

    def end() -> None:
        now = timezone.now()
        Secret.objects.create(project=project, key="API_KEY", created_at=now, updated_at=now, seen_at=now)
        ended(setting)

    url = reverse(f"projects:{name}", args=[project.pk])
    assert stale(lambda: web.get(url), end, fresh='<span class="count">1</span>') == []


# --- Deploys and jobs ---


@pytest.mark.parametrize("name", ["releases", "routes"])
def test_a_release_that_was_read_is_shown(web: Client, project: Project, running: Running, name: str) -> None:
    reading = running("releases.sync", project.pk, wallet=project.wallet, queue="sync")

    def end() -> None:
        inventory = {"routes": {"entries": []}, "public_paths": []}
        ReleaseFactory.create(project=project, status="active", generation=99, inventory=inventory)
        ended(reading)

    url = reverse(f"deploys:{name}", args=[project.pk])
    fresh = "Generation 99" if name == "routes" else ">99</a>"
    assert stale(lambda: web.get(url), end, fresh=fresh) == []


@pytest.mark.parametrize("name", ["detail", "live", "project_panel"])
def test_a_deploy_shows_what_it_released(web: Client, project: Project, name: str) -> None:
    deploy: Deploy = DeployFactory.create(project=project)
    deploying = operation_of(deploy)
    Operation.objects.filter(pk=deploying.pk).update(state=State.RUNNING)

    def end() -> None:
        release = ReleaseFactory.create(project=project, status="active", generation=99)
        Deploy.objects.filter(pk=deploy.pk).update(release=release)
        ended(deploying)

    url = reverse(f"deploys:{name}", args=[project.pk if name == "project_panel" else deploy.pk])
    fresh = "Generation 99" if name != "project_panel" else ">Live<"
    assert stale(lambda: web.get(url), end, fresh=fresh) == []


def test_the_page_of_a_project_loads_anew_when_its_last_deploy_has_ended(
    web: Client, project: Project
) -> None:
    deploying = operation_of(DeployFactory.create(project=project))
    panel = reverse("deploys:project_panel", args=[project.pk])
    assert f'hx-get="{panel}?moving=1"' in web.get(panel).content.decode()
    assert web.get(f"{panel}?moving=1").status_code == 200
    ended(deploying)
    assert web.get(f"{panel}?moving=1").headers["HX-Refresh"] == "true"
    assert "data-poll" not in web.get(panel).content.decode()


@pytest.mark.parametrize("name", ["detail", "live"])
def test_a_job_shows_its_last_line(
    web: Client, project: Project, running: Running, name: str, public_keyset: None
) -> None:
    ended_at = timezone.now() - timedelta(seconds=9)
    job: Job = JobFactory.create(project=project, status="completed", ended_at=ended_at)
    following = running("job.follow", job.pk, wallet=project.wallet)

    def end() -> None:
        lines = selectors.written_lines([Line("1", timezone.now(), "log", "The proof is done.")])
        assert job.operation is not None
        results.put(job.operation, selectors.LOGS, lines, rows=1)
        ended(following)

    url = reverse(f"jobs:{name}", args=[job.pk])
    assert stale(lambda: web.get(url), end, fresh="The proof is done.") == []


# --- Home and activity ---


def test_home_shows_that_test_money_has_arrived(web: Client, wallet: Wallet, running: Running) -> None:
    Wallet.objects.update(balance_micros=0)
    drawing = running("wallet.faucet", wallet.pk, wallet=wallet)

    def end() -> None:
        Wallet.objects.update(balance_micros=250_000)
        ended(drawing)

    follows = f'hx-get="{reverse("home:running")}'
    assert stale(lambda: web.get("/"), end, fresh="Test money has arrived.", follows=follows) == []


@pytest.mark.parametrize("asked", [1, 2])
def test_the_balances_of_home_are_shown_once_they_were_read(
    web: Client, wallet: Wallet, running: Running, asked: int
) -> None:
    Wallet.objects.update(balance_at=timezone.now() - timedelta(minutes=5))
    reading = running(
        "wallet.balance", wallet.pk, wallet=wallet, queue="sync", unique_key=f"wallet.balance/{wallet.pk}"
    )

    def end() -> None:
        Wallet.objects.update(balance_micros=3_210_000, balance_at=timezone.now())
        ended(reading)

    url = f"{reverse('home:balances')}?asked={asked}"
    assert stale(lambda: web.get(url), end, fresh="$3.21") == []


@pytest.mark.parametrize("fragment", ["strip", "events"])
def test_a_page_loads_anew_when_a_second_person_is_asked_and_when_they_have_decided(
    web: Client, running: Running, fragment: str
) -> None:
    paying = running("tier.set")
    url = reverse(f"operations:{fragment}", args=[paying.pk])
    before = [web.get(url), web.get(f"{url}?approval=1")]
    Operation.objects.update(state=State.WAITING, reason=Reason.APPROVAL)
    asked = [web.get(url), web.get(f"{url}?approval=1")]
    assert [answer.status_code for answer in (*before, *asked)] == [200, 286, 286, 200]
    assert b"approval=1" in asked[1].content
