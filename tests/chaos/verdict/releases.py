"""Projects, releases, and what is shown of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from deploys.models import Deploy, Release
from operations.models import Operation, State
from projects.models import Project
from tests.chaos.clicks import ELSEWHERE
from tests.chaos.verdict.finding import LOST, OTHER, REPEATED, Facts, Finding, check, doubts, told
from wallets.models import Wallet


@check
def a_release_is_brought_back_once_at_a_time(facts: Facts) -> Iterator[Finding]:
    last: dict[object, Operation] = {}
    deploys = (
        Deploy.objects.filter(kind=Deploy.Kind.REDEPLOY)
        .select_related("operation")
        .order_by("operation__created_at")
    )
    for deploy in deploys:
        operation, before = deploy.operation, last.get(deploy.restores_id)
        if operation is None:
            continue
        if before and (before.finished_at is None or before.finished_at > operation.created_at):
            yield Finding(REPEATED, f"two redeploys at a time: {told(before)} and {told(operation)}")
        last[deploy.restores_id] = operation


@check
def a_project_is_made_once(facts: Facts) -> Iterator[Finding]:
    """The sandbox has one project of a name where the panel says ready, and none where it says that there is none."""
    there: dict[str, list[str]] = defaultdict(list)
    for made in facts.books.projects:
        there[made.name].append(made.id)
    last = {operation.subject_id: operation for operation in facts.of("project.provision")}
    for project in Project.objects.filter(origin=Project.Origin.MADE):
        operation, found = last[project.pk], there.pop(project.name, [])
        said = f"project {project.name} is {project.state} {project.status}, at the gateway {found}: {told(operation)}"
        if len(found) > 1:
            yield Finding(REPEATED, said)
        elif project.is_deleted:
            continue
        elif not _agree(project, operation, found):
            yield Finding(LOST, said)
    for name, found in there.items():
        if name.startswith(ELSEWHERE):
            continue
        yield Finding(REPEATED, f"the gateway has {name} {found}, and no row knows of it")


def _agree(project: Project, operation: Operation, found: list[str]) -> bool:
    if project.is_ready:
        return found == [project.remote_id]
    if operation.state == State.SUCCEEDED:
        return False
    return not found or project.status == "unknown" or doubts(operation)


@check
def an_adopted_project_is_the_wallets_own(facts: Facts) -> Iterator[Finding]:
    """What is here was adopted as the gateway has it; what was refused, or given up, is not and has no key."""
    there = {made.id: made for made in facts.books.projects}
    last = {operation.subject_id: operation for operation in facts.of("project.adopt")}
    for project in Project.objects.filter(origin=Project.Origin.ADOPTED).select_related("wallet"):
        operation, made = last[project.pk], there.get(project.remote_id)
        mine = made is not None and made.owner == project.wallet.address.lower()
        said = f"project {project.name} was adopted and is {project.state}: {told(operation)}"
        if project.is_ready and not (mine and made and made.name == project.name):
            yield Finding(OTHER, f"{said}, and the gateway has {made and made.name}")
        elif (operation.state == State.SUCCEEDED and not (project.is_ready or project.is_deleted)) or (
            project.state == Project.State.ADOPTING and operation.finished_at
        ):
            yield Finding(LOST, said)
        elif project.state == Project.State.FAILED and project.service_key_sealed:
            yield Finding(OTHER, f"{said}, and its key is kept")


@check
def a_project_is_deleted_when_somebody_wished_so(facts: Facts) -> Iterator[Finding]:
    """Both sides say the same of each project, and what is deleted was asked for."""
    deleted = {made.id for made in facts.books.projects if made.deleted}
    wishes: dict[object, list[Operation]] = defaultdict(list)
    for operation in facts.of("project.delete"):
        wishes[operation.subject_id].append(operation)
    for project in Project.objects.exclude(remote_id=""):
        asked = wishes[project.pk]
        said = f"project {project.name} is {project.state}, deleted at the gateway: {project.remote_id in deleted}"
        if project.is_deleted and project.remote_id not in deleted:
            yield Finding(LOST, said)
        elif project.remote_id in deleted and not asked:
            yield Finding(REPEATED, f"{said}, and nobody asked for it")
        elif project.remote_id in deleted and not project.is_deleted and not doubts(asked[-1]):
            yield Finding(LOST, f"{said}: {told(asked[-1])}")


@check
def a_release_is_made_once(facts: Facts) -> Iterator[Finding]:
    """No deploy has two releases at the gateway, and one that says that nothing happened has none."""
    live = Counter(released.key for released in facts.books.releases if released.key)
    for operations in _by_deploy(facts).values():
        last = operations[-1]
        count = sum(live[key] for key in live if any(_is_of(key, one) for one in operations))
        if count > 1:
            yield Finding(REPEATED, f"{count} releases: {told(last)}")
        if count and last.state in (State.FAILED, State.CANCELLED) and not doubts(last):
            yield Finding(LOST, f"it is live at the gateway: {told(last)}")


@check
def what_was_deployed_was_live(facts: Facts) -> Iterator[Finding]:
    """The release that a success names is there on both sides, with the files that were uploaded or brought back."""
    there = {released.id: released.site for released in facts.books.releases}
    known = set(Release.objects.values_list("remote_id", flat=True))
    deploys: dict[object, Deploy] = {
        deploy.pk: deploy for deploy in Deploy.objects.select_related("source", "restores")
    }
    for subject, operations in _by_deploy(facts).items():
        last = operations[-1]
        release = last.result.get("release_id")
        if last.state != State.SUCCEEDED or not release:
            continue
        if release not in there or release not in known:
            yield Finding(LOST, f"there is no release {release}: {told(last)}")
        elif there[release] != _wanted(deploys[subject]):
            yield Finding(LOST, f"{release} has other files: {told(last)}")


def _wanted(deploy: Deploy) -> dict[str, str]:
    """Return the digest of each path that the deploy should have made live."""
    files = deploy.source.files if deploy.source else {}
    if deploy.restores:
        files = deploy.restores.archive["site"]
    return {path: file["sha256"] for path, file in files.items()}


def _by_deploy(facts: Facts) -> dict[object, list[Operation]]:
    """Return the operations of each deploy, in order: one that was resumed has several."""
    found: dict[object, list[Operation]] = defaultdict(list)
    for operation in facts.of("deploy", "redeploy"):
        found[operation.subject_id].append(operation)
    return found


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
    live = {made.id: made.live for made in facts.books.projects}
    for project in Project.objects.filter(state=Project.State.READY):
        shown, there = project.live_release, live.get(project.remote_id)
        if shown != there:
            yield Finding(OTHER, f"project {project.name} shows {shown!r} as live, the gateway has {there!r}")
