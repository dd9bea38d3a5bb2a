# mypy: allow-untyped-calls
"""Factories without surprises: each makes one valid row and the rows it cannot do without."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from deploys.models import Deploy, Release, Source
from jobs.models import Job
from notifications.events import FOR_HOOKS
from notifications.models import Hook
from operations.models import Operation
from projects.models import Project
from teams.models import Invitation, Membership, Role, Team, User
from teams.tokens import digest
from wallets.models import Gateway, Payment, Wallet
from wallets.models.gateway import BASE_SEPOLIA

PASSWORD = "correct-horse-battery"


class UserFactory(DjangoModelFactory[User]):
    """A person whose password is PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence(lambda n: f"person{n}@example.com")

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        password = kwargs.pop("password", PASSWORD)
        return User.objects.create_user(password=password, **kwargs)


class TeamFactory(DjangoModelFactory[Team]):
    class Meta:
        model = Team

    name = Sequence(lambda n: f"Team {n}")


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    team = SubFactory(TeamFactory)
    user = SubFactory(UserFactory)
    role = Role.OWNER
    # Just here: a first request would otherwise write it.
    seen_at = LazyFunction(timezone.now)


class InvitationFactory(DjangoModelFactory[Invitation]):
    """An open invitation of an owner to a new address; its token is “token” and a number."""

    class Meta:
        model = Invitation
        exclude = ("token",)

    token = Sequence(lambda n: f"token{n}")
    team = SubFactory(TeamFactory)
    email = Sequence(lambda n: f"invited{n}@example.com")
    role = Role.DEVELOPER
    token_digest = LazyAttribute(lambda invitation: digest(invitation.token))
    invited_by = SubFactory(UserFactory)
    expires_at = LazyFunction(lambda: timezone.now() + timedelta(hours=24))


class GatewayFactory(DjangoModelFactory[Gateway]):
    """The sandbox's row, made once; nobody listens at its address."""

    class Meta:
        model = Gateway
        django_get_or_create = ("slug",)

    slug = "sandbox"
    name = "Sandbox"
    kind = Gateway.Kind.SANDBOX
    url = "http://sandbox.localhost:9"
    rpc_urls = LazyAttribute(lambda gateway: [f"{gateway.url}/rpc"])


class WalletFactory(DjangoModelFactory[Wallet]):
    """A ready wallet whose key is not there: for pages. Handlers' tests let the worker make one."""

    class Meta:
        model = Wallet

    team = SubFactory(TeamFactory)
    gateway = SubFactory(GatewayFactory)
    owner = SubFactory(UserFactory)
    label = Sequence(lambda n: f"Wallet {n}")
    origin = Wallet.Origin.MADE
    state = Wallet.State.READY
    address = Sequence(lambda n: f"0x{n + 1:040x}")


class ProjectFactory(DjangoModelFactory[Project]):
    """A ready project of the wallet's team and gateway."""

    class Meta:
        model = Project

    team = SubFactory(TeamFactory)
    wallet = SubFactory(WalletFactory, team=SelfAttribute("..team"))
    gateway = SelfAttribute("wallet.gateway")
    created_by = SelfAttribute("wallet.owner")
    name = Sequence(lambda n: f"project-{n}")
    state = Project.State.READY
    remote_id = Sequence(lambda n: f"prj_{n:06d}")
    anon_key = Sequence(lambda n: f"anon_{n:06d}")


class OperationFactory(DjangoModelFactory[Operation]):
    """A queued operation, written past the queue. Its kind has to be registered before a worker takes it."""

    class Meta:
        model = Operation

    team = SubFactory(TeamFactory)
    gateway = SubFactory(GatewayFactory)
    kind = "test.nothing"
    title = Sequence(lambda n: f"Operation {n}")
    actor_label = LazyAttribute(lambda o: o.actor.label if o.actor else "Run402 Panel")
    actor = None
    queue = "interactive"


class PaymentFactory(DjangoModelFactory[Payment]):
    """A settled payment of ten cents of test money."""

    class Meta:
        model = Payment

    team = SelfAttribute("wallet.team")
    wallet = SubFactory(WalletFactory)
    operation_id = LazyAttribute(lambda payment: OperationFactory.create(team=payment.team).pk)
    kind = "tier.set"
    purpose = "Tier prototype"
    state = Payment.State.SETTLED
    amount_micros = 100_000
    settled_micros = LazyAttribute(
        lambda payment: payment.amount_micros if payment.state == Payment.State.SETTLED else None
    )
    network = BASE_SEPOLIA
    paid_by = "x402"


class SourceFactory(DjangoModelFactory[Source]):
    """A tree of one file. Its bytes are not in the store."""

    class Meta:
        model = Source

    team = SubFactory(TeamFactory)
    created_by = SubFactory(UserFactory)
    name = "site.zip"
    kind = Source.Kind.ZIP
    files = LazyFunction(lambda: {"index.html": page_of("<h1>Hello</h1>")})
    digest = Sequence(lambda n: hashlib.sha256(str(n).encode()).hexdigest())
    file_count = 1
    total_bytes = 14


def page_of(html: str) -> dict[str, Any]:
    """Return a source's entry for a page with these bytes."""
    data = html.encode()
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "content_type": "text/html; charset=utf-8",
    }


class ReleaseFactory(DjangoModelFactory[Release]):
    """A superseded release made here."""

    class Meta:
        model = Release

    project = SubFactory(ProjectFactory)
    team = SelfAttribute("project.team")
    remote_id = Sequence(lambda n: f"rel_{n:06d}")
    generation = Sequence(lambda n: n + 1)
    status = "superseded"
    made_here = True
    created_at = LazyFunction(timezone.now)


class DeployFactory(DjangoModelFactory[Deploy]):
    """A deploy with its source and its queued operation."""

    class Meta:
        model = Deploy

    project = SubFactory(ProjectFactory)
    team = SelfAttribute("project.team")
    created_by = SelfAttribute("project.created_by")
    source = SubFactory(SourceFactory, team=SelfAttribute("..team"), created_by=SelfAttribute("..created_by"))
    operation = SubFactory(
        OperationFactory,
        team=SelfAttribute("..project.team"),
        gateway=SelfAttribute("..project.gateway"),
        actor=SelfAttribute("..created_by"),
        kind="deploy",
        queue="deploys",
    )


class JobFactory(DjangoModelFactory[Job]):
    """A job that Run402 has, with the operation that submitted it."""

    class Meta:
        model = Job

    project = SubFactory(ProjectFactory)
    team = SelfAttribute("project.team")
    wallet = SelfAttribute("project.wallet")
    created_by = SelfAttribute("project.created_by")
    job_type = "kysigned.fflonk_prove.v0_17_0"
    spec = LazyFunction(lambda: {"job_type": "kysigned.fflonk_prove.v0_17_0", "input_json": {"a": 1}})
    cap_micros = 50_000
    network = BASE_SEPOLIA
    remote_id = Sequence(lambda n: f"job_{n:06d}")
    status = "running"
    started_at = LazyFunction(timezone.now)
    operation = SubFactory(
        OperationFactory,
        team=SelfAttribute("..project.team"),
        gateway=SelfAttribute("..project.gateway"),
        wallet=SelfAttribute("..project.wallet"),
        actor=SelfAttribute("..created_by"),
        kind="job.submit",
        state="succeeded",
        finished_at=LazyFunction(timezone.now),
        args=LazyFunction(dict),
    )


class HookFactory(DjangoModelFactory[Hook]):
    """A webhook that is told of everything; nothing is sealed in it."""

    class Meta:
        model = Hook

    team = SubFactory(TeamFactory)
    created_by = SubFactory(UserFactory)
    known_to = SelfAttribute("created_by")
    name = Sequence(lambda n: f"hook-{n}")
    form = "signed"
    address = "https://hooks.example.com"
    events = LazyFunction(lambda: [each.name for each in FOR_HOOKS])
