"""Clicks on projects, secrets, releases and deploys."""

from __future__ import annotations

import uuid

from django.core.files.uploadedfile import SimpleUploadedFile

import deploys.services
import projects.services
from deploys.models import Deploy, Release
from deploys.sources import Upload, read_upload
from operations.models import Operation, State
from projects import adopting, deleting
from projects.cli_keys import Found
from projects.models import Project, Secret
from projects.payers import Lease, payer
from projects.secrets import drafts
from projects.secrets import services as secret_services
from projects.secrets.services import SealedValues
from teams.models import Membership
from teams.reach import Reach
from tests.chaos.cast import Person
from tests.chaos.clicks.registry import (
    ELSEWHERE,
    LEAST_PROJECTS,
    MOST_PROJECTS,
    SECRET_NAMES,
    NothingToDo,
    click,
    one_of,
    projects_of,
    ready_of,
    wallets_of,
)
from tools.sites import site, zipped


@click("project.provision", 12)
def make_project(person: Person) -> Operation | None:
    """Make a project, or make one again that could not be made."""
    failed = list(Project.objects.filter(team=person.team, state=Project.State.FAILED))
    if failed and person.dice.random() < 0.6:
        return projects.services.make_again(project=person.dice.choice(failed), actor=person.user)
    if projects_of(person).exclude(state=Project.State.DELETED).count() >= MOST_PROJECTS:
        raise NothingToDo
    wallets = [wallet for wallet in wallets_of(person) if payer(wallet).lease is Lease.ACTIVE]
    project = projects.services.create_project(
        team=person.team,
        actor=person.user,
        wallet=one_of(person, wallets),
        name=f"app-{uuid.uuid4().hex[:10]}",
    )
    return Operation.objects.filter(kind="project.provision", subject_id=project.pk).first()


@click("project.adopt", 3)
def adopt_project(person: Person) -> Operation | None:
    """Make a project past the panel and bring its keys, now and then with one that does not open it."""
    wallet = one_of(person, wallets_of(person))
    if projects_of(person).exclude(state=Project.State.DELETED).count() >= MOST_PROJECTS:
        raise NothingToDo
    made = person.cast.outside.make_project(wallet.address, f"{ELSEWHERE}{uuid.uuid4().hex[:10]}")
    key = made["service_key"] if person.dice.random() < 0.8 else "service_of_another"
    offered = adopting.offer(wallet, [Found(made["id"], made["anon_key"], key)], _reach(person))
    begun = adopting.adopt(offered=offered, chosen=[made["id"]], team=person.team, actor=person.user)
    return begun[0]


def _reach(person: Person) -> Reach:
    return Membership.objects.get(team=person.team, user=person.user).reach


@click("project.delete", 2, twice=True)
def delete_project(person: Person) -> Operation:
    """Delete one of many; what others are about to do with it fails and says so."""
    ready = list(ready_of(person))
    if len(ready) < LEAST_PROJECTS:
        raise NothingToDo
    project = person.dice.choice(ready)
    return deleting.delete(project=project, actor=person.user, typed=project.name)


@click("project.reveal", 3)
def show_key(person: Person) -> Operation:
    return projects.services.reveal_service_key(
        project=one_of(person, ready_of(person)), actor=person.user, reader=person.tab
    )


@click("secrets.set", 8)
def set_secrets(person: Person) -> Operation:
    """Set one or two names, of few: people overwrite each other. The value tells which draft it came with."""
    names = person.dice.sample(SECRET_NAMES, person.dice.randint(1, 2))
    draft_id = uuid.uuid4()
    sealed = drafts.seal(draft_id, dict.fromkeys(names, str(draft_id)))
    entries = [{"key": name, "line": 1, "bytes": 36, "note": ""} for name in names]
    values = SealedValues(draft_id, sealed, {"entries": entries, "invalid": []})
    return secret_services.set_one(project=one_of(person, ready_of(person)), actor=person.user, values=values)


@click("secret.delete", 3, twice=True)
def delete_secret(person: Person) -> Operation:
    """Delete one that the panel knows of, whoever set it."""
    known = Secret.objects.filter(project__in=ready_of(person)).select_related(
        "project__gateway", "project__team"
    )
    secret = one_of(person, known)
    return secret_services.delete_secret(
        project=secret.project, actor=person.user, key=secret.key, typed=secret.key
    )


@click("secrets.sync", 2, twice=True)
def read_secrets(person: Person) -> Operation:
    return secret_services.refresh(project=one_of(person, ready_of(person)), actor=person.user)


@click("deploy", 45)
def deploy(person: Person) -> Operation | None:
    """Upload a site, or go on with what failed."""
    failed = list(Deploy.objects.filter(team=person.team, operation__state=State.FAILED)[:5])
    if failed and person.dice.random() < 0.3:
        return _go_on(person, person.dice.choice(failed))
    project = one_of(person, ready_of(person))
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
    return deploys.services.redeploy_release(release=one_of(person, old), user=person.user).operation
