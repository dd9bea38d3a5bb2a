"""What stands in the world: one thing of each noun for a team, and what a person has of their own."""

from __future__ import annotations

import datetime
import functools
import uuid

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from audit.record import Subject, record
from deploys.models import Deploy, Source
from jobs.models import Job
from notifications.models import Delivery, Notice
from operations.models import State
from projects.models import Project, Secret
from teams.models import Invitation, Membership, Role, Session, Team, User
from tests import factories
from tests.passkeys import SoftPasskey
from wallets.models import Checkout, Gateway, Payee, Payment, SpendPolicy, TrustedPasskey, Wallet

#: In the name of everything that a limited member, or anybody of our team, must never read.
HIDDEN, FOREIGN = "HIDDEN", "FOREIGN"
PLAN = {
    "digest": "d" * 64,
    "summary": "1 file added",
    "warnings": [],
    "price_micros": 0,
    "site": {"added": [{"path": "index.html", "size": 14}], "changed": [], "removed": []},
    "totals": {"site": {"added": 1, "changed": 0, "removed": 0}},
}
TIERS = [
    {
        "name": "prototype",
        "price_micros": 100_000,
        "price_text": "$0.10",
        "lease_days": 7,
        "storage_mb": 250,
        "api_calls": 500_000,
        "max_functions": 5,
        "description": "",
    }
]

ARCHIVE = {"site": {"index.html": factories.page_of("<h1>Hello</h1>")}}
INVENTORY = {
    "site": {"paths": [{"path": "index.html"}], "totals": {"paths": 1}},
    "functions": [{"name": "api"}],
    "routes": {"entries": [{"pattern": "/api/*", "target": {"type": "function", "name": "api"}}]},
    "public_paths": [{"public_path": "/", "asset_path": "index.html", "direct": True}],
}

Things = dict[str, str]


def furnish(team: Team, owner: User, gateway: Gateway, word: str) -> Things:
    """Make one thing of each noun, the word in every name, and return their ids as they stand in addresses."""
    wallet = _wallet(team, owner, gateway, word)
    about_project = project(wallet, f"{word} project")
    _failed_project(wallet, f"{word} failed project")
    payment = factories.PaymentFactory.create(
        wallet=wallet, state=Payment.State.UNKNOWN, purpose=f"{word} payment"
    )
    spare = person(f"{_open(word)} spare")
    Membership.objects.create(team=team, user=spare, role=Role.VIEWER)
    invitation = Invitation.objects.create(
        team=team,
        email=f"{word.lower()}@invited.example.com",
        role=Role.VIEWER,
        token_digest=word.lower().ljust(64, "0"),
        invited_by=owner,
        expires_at=timezone.now() + datetime.timedelta(hours=24),
    )
    return {
        "team": str(team.pk),
        "wallet": str(wallet.pk),
        **about_project,
        "job": str(_job(about_project["project"]).pk),
        "payment": str(payment.pk),
        "checkout": str(_checkout(wallet).pk),
        "payee": str(_payee(team, gateway).pk),
        "passkey": str(_trusted_passkey(team, owner, word).pk),
        "membership": str(spare.pk),  # members stand in addresses by their person
        "invitation": str(invitation.pk),
        **_webhook(team, owner, word),
        "tier": "prototype" if word != FOREIGN else "no-such-tier",
        "nothing": "x",
    }


def _wallet(team: Team, owner: User, gateway: Gateway, word: str) -> Wallet:
    wallet: Wallet = factories.WalletFactory.create(
        team=team,
        gateway=gateway,
        owner=owner,
        label=f"{word} wallet",
        balance_micros=5_000_000,
        balance_at=later(),
        tier="prototype",
        tier_active=True,
        tier_at=later(),
        lease_expires_at=timezone.now() + datetime.timedelta(days=5),
    )
    SpendPolicy.objects.create(
        wallet=wallet, per_payment_micros=250_000, per_day_micros=1_000_000, mac=b"not genuine"
    )
    record(
        "wallet.made",
        team_id=team.pk,
        actor=owner.actor,
        subject=Subject("wallet", str(wallet.pk), wallet.label),
    )
    return wallet


def _checkout(wallet: Wallet) -> Checkout:
    return Checkout.objects.create(
        team=wallet.team,
        wallet=wallet,
        product=Checkout.Product.TIER,
        tier="prototype",
        amount_micros=100_000,
        state=Checkout.State.OPEN,
        host="sandbox.localhost",
        look_at=later(),
        expires_at=timezone.now() + datetime.timedelta(hours=20),
    )


def project(wallet: Wallet, name: str) -> Things:
    """Make a project with two releases, and with a deploy that waits for a person and one that failed."""
    project: Project = factories.ProjectFactory.create(
        team=wallet.team,
        wallet=wallet,
        created_by=wallet.owner,
        name=name,
        synced_at=later(),
        secrets_at=later(),
        service_key_sealed=b"not sealed",
        live_release="rel_live",
    )
    key = name.upper().replace(" ", "_")
    Secret.objects.create(project=project, key=key, updated_at=timezone.now(), seen_at=later())
    live = factories.ReleaseFactory.create(
        project=project, remote_id="rel_live", status="active", inventory=INVENTORY
    )
    release = factories.ReleaseFactory.create(project=project, archive=ARCHIVE)
    _reading_of_releases(project)
    source = factories.SourceFactory.create(
        team=project.team, created_by=project.created_by, name=f"{name}.zip"
    )
    _deploy(project, source, State.FAILED, release=live)
    waiting = _deploy(project, source, State.WAITING)
    ids = {"project": project.pk, "release": release.pk, "deploy": waiting.pk, "source": source.pk}
    return {**{noun: str(pk) for noun, pk in ids.items()}, "operation": str(waiting.operation_id)}


def _deploy(project: Project, source: Source, state: State, **fields: object) -> Deploy:
    pk, title = uuid.uuid4(), f"Deploy of {project.name}"
    operation = factories.OperationFactory.create(
        team=project.team,
        kind="deploy",
        queue="deploys",
        title=title,
        actor=project.created_by,
        wallet=project.wallet,
        project_id=project.pk,
        subject_id=pk,
        subject_url=f"/deploys/{pk}",
        started_at=timezone.now(),
        state=state,
    )
    record(
        f"operation.{state}",
        team_id=project.team.pk,
        actor=project.created_by.actor,
        subject=Subject("operation", str(operation.pk), title),
        details={"kind": "deploy", "project": str(project.pk), "wallet": str(project.wallet_id)},
    )
    deploy: Deploy = factories.DeployFactory.create(
        id=pk, project=project, source=source, operation=operation, reviewed_plan=PLAN, **fields
    )
    return deploy


def _reading_of_releases(project: Project) -> None:
    factories.OperationFactory.create(
        team=project.team,
        kind="releases.sync",
        title=f"Read the releases of {project.name}",
        wallet=project.wallet,
        project_id=project.pk,
        subject_id=project.pk,
        state=State.SUCCEEDED,
        finished_at=later(),
    )


def _job(project_id: str) -> Job:
    """Make a job that has ended and left a file."""
    project = Project.objects.get(pk=project_id)
    job: Job = factories.JobFactory.create(
        project=project,
        status="completed",
        ended_at=timezone.now(),
        read_at=later(),
        cost_micros=1000,
        artifacts=[{"name": "summary.json", "content_type": "", "sha256": "", "size_bytes": 2}],
    )
    operation = job.operation
    assert operation is not None
    operation.title, operation.subject_id, operation.project_id = f"Job of {project.name}", job.pk, project.pk
    operation.save(update_fields=["title", "subject_id", "project_id"])
    factories.OperationFactory.create(
        team=project.team,
        kind="job.follow",
        title=f"Follow a job of {project.name}",
        wallet=project.wallet,
        project_id=project.pk,
        subject_id=job.pk,
        state=State.SUCCEEDED,
        finished_at=later(),
    )
    return job


def _failed_project(wallet: Wallet, name: str) -> None:
    project = factories.ProjectFactory.create(
        team=wallet.team, wallet=wallet, created_by=wallet.owner, name=name, state="failed", remote_id=""
    )
    factories.OperationFactory.create(
        team=wallet.team,
        kind="project.provision",
        title=f"Make project {name}",
        wallet=wallet,
        project_id=project.pk,
        subject_id=project.pk,
        state=State.FAILED,
        error={"code": "X", "message": "It did not work", "mutation_state": "unknown"},
        finished_at=timezone.now(),
    )


def _open(word: str) -> str:
    """Return a word for what no limit hides, such as people: another team's is still not to be read."""
    return word if word == FOREIGN else word.lower()


def _trusted_passkey(team: Team, owner: User, word: str) -> TrustedPasskey:
    return TrustedPasskey.objects.create(
        team=team,
        user=owner,
        role=Role.OWNER,
        credential_id=f"{word}-credential",
        public_key=b"no key",
        name=f"{_open(word)} passkey",
        eligible_from=timezone.now(),
    )


def _payee(team: Team, gateway: Gateway) -> Payee:
    """Return the one that the team has at the gateway, whose answer names another address."""
    return Payee.objects.get_or_create(team=team, gateway=gateway, defaults={"seen": "0x" + "5" * 40})[0]


def _webhook(team: Team, owner: User, word: str) -> Things:
    """Make a webhook that is told of everything, and a message to it that failed."""
    hook = factories.HookFactory.create(
        team=team, created_by=owner, known_to=owner, name=f"{_open(word)} hook"
    )
    delivery = Delivery.objects.create(
        hook=hook, event="test", object_id="x", title=f"{_open(word)} test", body="{}", state="failed"
    )
    return {"hook": str(hook.pk), "delivery": str(delivery.pk)}


def own_things(user: User) -> Things:
    """Make what a person has of their own: another session, and a passkey to sign in with."""
    factor = SoftPasskey(user, f"Passkey of {user.name}").register(quietly=True)
    signed_in(user)
    session = Session.objects.filter(user=user).latest("created_at")
    notice = Notice.objects.create(
        person=user, event="deploy.live", object_id="x", title="It is live", url="/"
    )
    return {"session": str(session.pk), "factor": str(factor.pk), "notice": str(notice.pk)}


def later() -> datetime.datetime:
    """What was read then is fresh for as long as the tests take: no page has it read again and links to that."""
    return timezone.now() + datetime.timedelta(hours=1)


def person(name: str) -> User:
    """Make a person whose password is that of the factories."""
    email = f"{name.lower().replace(' ', '.')}@example.com"
    return User.objects.create(email=email, name=name, password=_password())


@functools.cache
def _password() -> str:
    """Hash one password once for all: making a hash is slow on purpose."""
    return make_password(factories.PASSWORD)


def signed_in(user: User) -> str:
    """Return the cookie of a browser in which the person has signed in."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value
