"""Decisions of this room: each checks and writes in one transaction, and leaves the doing to a worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from deploys import plans, selectors
from deploys.models import Deploy, Release, Source
from operations import queue
from operations.models import ACTIVE, Operation, Reason, State
from projects import asking
from projects.models import Project
from run402 import names
from teams.models import User


def start_deploy(*, project: Project, user: User, source: Source, subdomain: str = "") -> Deploy:
    """Begin a deploy: its first act is a plan that changes nothing. Raises Refusal, naming the form field."""
    require_ready(project)
    spec = dict(source.manifest.get("spec") or {})
    _require_same_project(source, project)
    if address := _address(project, spec, subdomain):
        spec["subdomains"] = {"set": [address]}
    with transaction.atomic():
        source.save()
        deploy = Deploy.objects.create(
            team_id=project.team_id, project=project, source=source, spec=spec, created_by=user
        )
        _submit(deploy, user, "deploy", _("Deploy of %(project)s") % {"project": project.name})
    return deploy


def redeploy_release(*, release: Release, user: User) -> Deploy:
    """Bring a release back, in one step unless a warning blocks. The same wish again returns the deploy under way.

    Raises Refusal when it is live, or when another release of the project is being brought back at this moment: the
    later of two wishes must not undo the earlier one unseen.
    """
    project = release.project
    require_ready(project)
    if release.is_live:
        raise Refusal("ALREADY_LIVE", _("This release is what serves now."))
    number = release.generation if release.generation is not None else release.remote_id
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)  # a double click is one wish
        if running := _active_redeploy(release):
            return running
        _require_no_other_redeploy(project)
        deploy = Deploy.objects.create(
            team_id=project.team_id,
            project=project,
            kind=Deploy.Kind.REDEPLOY,
            restores=release,
            created_by=user,
        )
        title = _("Redeploy of %(project)s, generation %(number)s") % {
            "project": project.name,
            "number": number,
        }
        _submit(deploy, user, "redeploy", title)
    return deploy


def confirm_deploy(*, deploy: Deploy, user: User, digest: str, codes: Sequence[str]) -> None:
    """Confirm exactly the plan that was seen, with every blocking warning acknowledged. Raises Refusal."""
    operation = _operation_of(deploy)
    plan = deploy.reviewed_plan
    if not plan or digest != plan["digest"]:
        raise Refusal(
            "PLAN_CHANGED", _("The plan changed while you looked at it. Read it again before you confirm.")
        )
    missing = Counter(warning["code"] for warning in plans.blocking(plan)) - Counter(codes)
    if missing:
        raise Refusal(
            "WARNINGS_NOT_ACKNOWLEDGED",
            _("Every warning needs its own tick: %(codes)s.") % {"codes": ", ".join(sorted(missing))},
            field="ack",
        )
    acknowledged = [warning["code"] for warning in plans.blocking(plan)]
    with transaction.atomic():
        now = timezone.now().isoformat()
        deploy.acknowledged = [{"code": code, "by": user.label, "at": now} for code in acknowledged]
        deploy.save(update_fields=["acknowledged"])
        confirmed = {"digest": digest, "codes": acknowledged}
        message = _("Confirmed by %(who)s") % {"who": user.label}
        queue.decide(
            operation,
            actor=user,
            checkpoints={"confirmed": confirmed},
            message=message,
            reason=Reason.CONFIRMATION,
        )


def cancel_deploy(*, deploy: Deploy, user: User) -> State:
    """Cancel at once, or at the next step; return the state. Raises Refusal when it has ended or was committed."""
    operation = _operation_of(deploy)
    if operation.is_final:
        raise Refusal("ALREADY_ENDED", _("This deploy has ended already."))
    if operation.checkpoints.get("committing") or operation.checkpoints.get("committed"):
        raise Refusal(
            "CANNOT_CANCEL",
            _("The commit has left: it can no longer be cancelled, only followed to its end."),
        )
    return queue.cancel(operation, actor=user)


def deploy_again(*, deploy: Deploy, user: User) -> Deploy:
    """Plan the same source, or the same redeploy, anew."""
    _require_ended(deploy)
    if deploy.restores is not None:
        return redeploy_release(release=deploy.restores, user=user)
    require_ready(deploy.project)
    with transaction.atomic():
        fresh = Deploy.objects.create(
            team_id=deploy.team_id,
            project=deploy.project,
            source=deploy.source,
            spec=deploy.spec,
            created_by=user,
        )
        _submit(fresh, user, "deploy", _("Deploy of %(project)s") % {"project": deploy.project.name})
    return fresh


def resume_deploy(*, deploy: Deploy, user: User) -> Operation:
    """Push on what stopped half-way. The deploy gets a new operation; the old one stays in the record."""
    operation = _operation_of(deploy)
    details = operation.error.get("details") or {}
    if operation.state != State.FAILED or not details.get("resumable"):
        raise Refusal("NOT_RESUMABLE", _("This deploy cannot be resumed. Plan it again."))
    args = {"follow": str(details.get("operation_id") or operation.checkpoints.get("remote_operation") or "")}
    with transaction.atomic():
        return _submit(deploy, user, operation.kind, operation.title, **args)


def refresh_releases(project: Project) -> Operation | None:
    """Queue one reading of the project's releases; None when it cannot be read yet, or its anon key is missing."""
    if not project.takes_deploys:
        return None
    title = _("Read the releases of %(project)s") % {"project": project.name}
    url = reverse("deploys:releases", args=[project.pk])
    args = {"project": str(project.pk)}
    return queue.submit(
        asking.request(project, "releases.sync", title, actor=None, url=url, once=True, args=args)
    )


def fresh_releases(project: Project) -> Operation | None:
    """Return the newest reading of the project's releases, after queuing one if it is too old."""
    sync = selectors.last_sync(project)
    return refresh_releases(project) or sync if selectors.is_stale(sync) else sync


def _submit(deploy: Deploy, user: User, kind: str, title: str, **args: Any) -> Operation:
    project = deploy.project
    operation = queue.submit(
        queue.Request(
            kind=kind,
            title=title,
            team=project.team,
            gateway=project.gateway,
            actor=user,
            wallet=project.wallet,
            project_id=project.pk,
            subject_id=deploy.pk,
            subject_url=reverse("deploys:detail", args=[deploy.pk]),
            lane=project.lane,
            args={"deploy": str(deploy.pk), **args},
        )
    )
    deploy.operation = operation
    deploy.save(update_fields=["operation"])
    return operation


def _address(project: Project, spec: dict[str, Any], wanted: str) -> str:
    """Return the name to claim; empty when the project keeps what it has."""
    name = wanted.strip().lower()
    if not name or name in project.subdomains:
        return ""
    if project.subdomains:
        text = _("This project answers at %(name)s already.") % {"name": project.subdomains[0]}
        raise Refusal("SUBDOMAIN_SET", text, field="subdomain")
    if spec.get("subdomains"):
        raise Refusal("SUBDOMAIN_TWICE", _("The manifest names an address itself."), field="subdomain")
    try:
        return names.subdomain(name)
    except ValueError as error:
        raise Refusal("SUBDOMAIN_INVALID", str(error), field="subdomain") from None


def require_ready(project: Project) -> None:
    """Raise Refusal for a project that nothing can be deployed to."""
    if not project.is_ready or not project.remote_id:
        step = NextStep("open_project", _("Look at the project"), f"/projects/{project.pk}")
        raise Refusal(
            "PROJECT_NOT_READY", _("This project is not ready yet."), field="project", next_steps=[step]
        )
    _require_key(project)


def _require_key(project: Project) -> None:
    """Raise Refusal where the key is missing with which every deploy is followed."""
    if not project.anon_key:
        raise Refusal(
            "KEYS_MISSING",
            _("The panel has no keys of %(project)s. Import them from the CLI's file, then deploy.")
            % {"project": project.name},
            field="project",
            next_steps=[NextStep("adopt_project", _("Import its keys"), reverse("projects:adopt"))],
        )


def _require_same_project(source: Source, project: Project) -> None:
    named = source.manifest.get("project_id")
    if named and named != project.remote_id:
        text = _("The manifest is for the project %(named)s; this one is %(chosen)s.")
        sentence = text % {"named": named, "chosen": project.remote_id}
        raise Refusal("PROJECT_MISMATCH", sentence, field="manifest")


def _require_ended(deploy: Deploy) -> None:
    if not _operation_of(deploy).is_final:
        raise Refusal("STILL_RUNNING", _("This deploy has not ended yet."))


def _operation_of(deploy: Deploy) -> Operation:
    if deploy.operation is None:
        raise Refusal("NEVER_STARTED", _("This deploy was never started."))
    return deploy.operation


def _require_no_other_redeploy(project: Project) -> None:
    """Refuse while a redeploy of the project is in line or runs; one that waits for a person stands in nobody's way."""
    under_way = Deploy.objects.filter(
        project=project,
        kind=Deploy.Kind.REDEPLOY,
        operation__state__in=(State.QUEUED, State.RUNNING),
    )
    other = under_way.select_related("restores", "created_by").first()
    if other is None or other.restores is None:
        return
    back = other.restores
    sentence = _(
        "%(who)s is bringing generation %(number)s back at this moment, so nothing was started for you. "
        "Wait until that has ended or cancel it, then decide again."
    )
    who = {
        "who": other.created_by.label,
        "number": back.generation if back.generation is not None else back.remote_id,
    }
    step = NextStep("open_deploy", _("Look at that redeploy"), reverse("deploys:detail", args=[other.pk]))
    raise Refusal("REDEPLOY_UNDER_WAY", sentence % who, next_steps=[step])


def _active_redeploy(release: Release) -> Deploy | None:
    return (
        Deploy.objects.filter(restores=release, operation__state__in=ACTIVE)
        .select_related("operation", "created_by")
        .first()
    )
