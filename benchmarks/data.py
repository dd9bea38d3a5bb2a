"""A team that has been at it for a while: 50 projects, 500 operations, 200 deploys, 1000 audit events."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from audit.record import Subject, record
from deploys.models import Deploy, Release
from operations import queue
from operations.models import Operation, State
from operations.pulse import beat_once
from projects.models import Project
from teams.models import Team, User
from teams.services import create_first_owner
from tests import factories
from wallets.models import Wallet

PROJECTS, OPERATIONS, DEPLOYS, EVENTS = 50, 500, 200, 1000
WALLETS, PAYMENTS, FILES, STEPS = 5, 100, 25, 12
NONE: dict[str, list[object]] = {"added": [], "changed": [], "removed": []}
PARTS = ("site", "functions", "secrets", "subdomains", "routes", "migrations")


def owner() -> User:
    """The one who looks."""
    return User.objects.get()


def fill() -> dict[str, str]:
    """Make the database and its rows; return the addresses of the pages to be measured."""
    call_command("migrate", verbosity=0, interactive=False)
    if "cache" in settings.DATABASES:
        call_command("createcachetable", database="cache", verbosity=0)
    create_first_owner(email="owner@example.com", team_name="Halden")
    with transaction.atomic():
        team = Team.objects.get()
        wallets = [_wallet(team) for _ in range(WALLETS)]
        projects = [_project(team, wallets[n % WALLETS]) for n in range(PROJECTS)]
        # Some projects are deployed often, most of them seldom.
        deploys = [_deploy(projects[min(n % 60, PROJECTS - 1)]) for n in range(DEPLOYS)]
        _operations(team, projects)
        _payments(wallets)
        _audit(team)
    beat_once("bench")
    busy = deploys[-1].project_id
    return {
        "home": "/",
        "projects": "/projects/",
        "project": f"/projects/{busy}",
        "releases": f"/projects/{busy}/releases",
        "deploys": "/deploys",
        "deploy": f"/deploys/{deploys[-1].pk}",
        "activity": "/activity/",
        "audit record": "/activity/?tab=audit",
    }


def _wallet(team: Team) -> Wallet:
    wallet: Wallet = factories.WalletFactory.create(
        team=team,
        owner=owner(),
        balance_micros=8_420_000,
        balance_at=timezone.now() + timedelta(hours=1),  # fresh for as long as the run takes
        tier="prototype",
        tier_active=True,
        tier_at=timezone.now() + timedelta(hours=1),
        lease_expires_at=timezone.now() + timedelta(days=5),
    )
    return wallet


def _project(team: Team, wallet: Wallet) -> Project:
    project: Project = factories.ProjectFactory.create(
        team=team,
        wallet=wallet,
        tier="prototype",
        status="active",
        api_calls=12_000,
        api_calls_limit=500_000,
        storage_bytes=48_000_000,
        storage_limit_bytes=250_000_000,
        lease_expires_at=wallet.lease_expires_at,
        synced_at=timezone.now() + timedelta(hours=1),
        subdomains=["tidepool"],
        live_url="http://tidepool.localhost:8402",
        live_generation=1,
        live_at=timezone.now(),
    )
    return project


def _deploy(project: Project) -> Deploy:
    operation = factories.OperationFactory.create(
        **_asked(project),
        kind="deploy",
        queue="deploys",
        title=f"Deploy {project.name}",
        phase="ready",
        **_done(),
    )
    for number in range(STEPS):
        queue.add_event(
            operation, "phase", f"Step {number}", ("plan", "upload", "stage", "activate")[number % 4]
        )
    files = {f"assets/file-{number}.css": factories.page_of(str(number)) for number in range(FILES)}
    release = factories.ReleaseFactory.create(project=project, file_count=FILES, archive={"site": files})
    Project.objects.filter(pk=project.pk).update(live_release=release.remote_id)
    Release.objects.filter(project=project).exclude(pk=release.pk).update(status="superseded")
    Release.objects.filter(pk=release.pk).update(status="active", activated_at=timezone.now())
    source = factories.SourceFactory.create(
        team=project.team, created_by=owner(), files=files, file_count=FILES, total_bytes=90_000
    )
    plan = _plan(list(files))
    deploy: Deploy = factories.DeployFactory.create(
        project=project, operation=operation, source=source, release=release, plan=plan, reviewed_plan=plan
    )
    Operation.objects.filter(pk=operation.pk).update(
        subject_id=deploy.pk, subject_url=f"/deploys/{deploy.pk}", started_at=timezone.now()
    )
    return deploy


def _plan(paths: list[str]) -> dict[str, object]:
    changed = [{"path": path, "size": 2048} for path in paths]
    site = {"added": changed[: FILES // 2], "changed": changed[FILES // 2 :], "removed": []}
    return {
        "plan_id": "plan_1",
        "base_release_id": "rel_1",
        "is_noop": False,
        "summary": "",
        "warnings": [],
        "totals": {name: dict.fromkeys(NONE, 0) for name in PARTS},
        "removals": [],
        "cost": {},
        "price_micros": 0,
        "upload_count": FILES,
        "upload_bytes": 50_000,
        "reused_bytes": 40_000,
        **dict.fromkeys(PARTS, NONE),
        "site": site,
        "digest": "0" * 64,
    }


def _asked(project: Project) -> dict[str, object]:
    person = owner()
    return {
        "team": project.team,
        "gateway": project.gateway,
        "wallet": project.wallet,
        "project_id": project.pk,
        "actor": person,
        "actor_label": person.label,
    }


def _done() -> dict[str, object]:
    return {"state": State.SUCCEEDED, "finished_at": timezone.now(), "result": {}}


def _operations(team: Team, projects: list[Project]) -> None:
    """Fill up to OPERATIONS: mostly done ones, a few failed, one under way and one in line."""
    left = OPERATIONS - Operation.objects.count()
    error = {"code": "NO", "message": "The gateway says no.", "safe_to_retry": True}
    for number in range(left):
        project = projects[number % PROJECTS]
        ending: dict[str, object] = {"state": State.FAILED, "error": error} if number % 20 == 0 else _done()
        if number >= left - 2:
            ending = {"state": State.QUEUED}
        factories.OperationFactory.create(
            **{**_asked(project), **ending}, kind="project.sync", title=f"Refresh {project.name}"
        )


def _payments(wallets: list[Wallet]) -> None:
    for number in range(PAYMENTS):
        factories.PaymentFactory.create(wallet=wallets[number % WALLETS])


def _audit(team: Team) -> None:
    for number in range(EVENTS):
        subject = Subject("project", str(number), f"project-{number}")
        record("operation.succeeded", team_id=team.pk, actor=owner().actor, subject=subject)
