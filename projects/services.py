"""Changes to projects: each decides, writes and puts the operation in line in one transaction."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from operations import decisions, queue
from operations.models import Operation
from projects import asking, selectors
from projects.models import Project
from projects.payers import payer
from run402 import names
from teams.models import Scope, Team, User
from teams.services import bring_into_reach
from wallets import reveal, standing
from wallets.models import Wallet


def create_project(*, team: Team, actor: User, wallet: Wallet, name: str) -> Project:
    """Write the project and have a worker make it at the wallet's gateway.

    A limited member reaches what they made, and needs the wallet in reach: the queue asks for it.
    Raises Refusal when the name breaks the contract's rule, or the wallet cannot have projects.
    """
    _check_name(name)
    _check_wallet(wallet)
    with transaction.atomic():
        project = Project.objects.create(
            team=team, gateway=wallet.gateway, wallet=wallet, created_by=actor, name=name
        )
        bring_into_reach(user=actor, team=team, kind=Scope.Kind.PROJECT, object_id=project.pk)
        _provision(project, actor)
    return project


def make_again(*, project: Project, actor: User) -> Operation:
    """Have a worker make a project that could not be made. Raises Refusal unless it stands at FAILED."""
    _check_wallet(project.wallet)
    with transaction.atomic():
        failed = Project.objects.filter(pk=project.pk, state=Project.State.FAILED, origin=Project.Origin.MADE)
        if not failed.update(state=Project.State.PROVISIONING):
            raise Refusal("PROJECT_NOT_FAILED", _("This project is being made already, or is there."))
        if waits := selectors.in_review(project):
            return _go_on(waits, actor)
        return _provision(project, actor)


def refresh(*, project: Project, actor: User | None = None, delay: timedelta = timedelta(0)) -> Operation:
    """Have a worker read the project from Run402; look it up by name when it is not known there. Once at a time."""
    return queue.submit(
        asking.request(project, selectors.SYNC, _title(project), actor=actor, once=True, delay=delay)
    )


def refresh_if_stale(project: Project, last: Operation | None) -> Operation | None:
    """Return the refresh under way, or a new one when what the panel shows is older than a minute.

    `last` is the newest one, read before the project.
    """
    if not project.is_ready:
        return None
    if last is not None and last.is_active:
        return last
    if not selectors.is_stale(project):
        return None
    return refresh(project=project) if standing.takes_background(project.gateway) else None


def reveal_service_key(*, project: Project, actor: User, reader: str) -> Operation:
    """Ask for the service key, sealed to the browser's `reader`. Raises Refusal when the panel does not hold it."""
    reveal.public_key(reader)
    if not project.service_key_sealed:
        raise Refusal("SERVICE_KEY_MISSING", _("The panel does not hold the service key of this project."))
    return queue.submit(
        queue.Request(
            kind=selectors.REVEAL,
            title=_("Show the service key of %(name)s") % {"name": project.name},
            team=project.team,
            gateway=project.gateway,
            actor=actor,
            project_id=project.pk,
            subject_id=project.pk,
            subject_url=reverse("projects:detail", args=[project.pk]),
            args={"reader": reader},
        )
    )


def note_open(project: Project) -> None:
    """Note that somebody has it open, at most once a minute: it is read more often for a while."""
    now = timezone.now()
    if project.opened_at is None or project.opened_at < now - timedelta(minutes=1):
        Project.objects.filter(pk=project.pk).update(opened_at=now)


def _go_on(waits: Operation, actor: User) -> Operation:
    """Have the operation that waits for review ask again, with the same key."""
    said = _("%(who)s lets the panel ask again.") % {"who": actor.label}
    queue.decide(waits, actor=actor, checkpoints=decisions.resuming(), message=said)
    return waits


def _provision(project: Project, actor: User) -> Operation:
    title = _("Make project %(name)s") % {"name": project.name}
    lane = f"wallet/{project.wallet_id}"
    return queue.submit(
        asking.request(project, selectors.PROVISION, title, actor=actor, lane=lane, once=True)
    )


def _title(project: Project) -> str:
    words = _("Refresh %(name)s") if project.remote_id else _("Look up %(name)s")
    return words % {"name": project.name}


def _check_name(name: str) -> None:
    try:
        names.project_name(name)
    except ValueError as error:
        raise Refusal("BAD_PROJECT_NAME", str(error), field="name") from None


def _check_wallet(wallet: Wallet) -> None:
    if not wallet.is_ready:
        raise Refusal("WALLET_NOT_READY", _("This wallet is not ready to sign yet."), field="wallet")
    if not payer(wallet).can_have_projects:
        raise Refusal(
            "NO_ACTIVE_TIER",
            _("%(wallet)s has no active tier, and a wallet without one cannot have projects.")
            % {"wallet": wallet.label},
            field="wallet",
            next_steps=[NextStep("renew_tier", _("Pay for a tier"), reverse("billing:tiers"))],
        )
