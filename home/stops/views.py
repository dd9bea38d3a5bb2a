"""Stopping and resuming: a team by its owners and admins, a gateway or everything by operators."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Refusal
from core.forms import refusals_in
from home.stops import pages
from home.stops.forms import StopForm
from operations import halting
from teams.access import operator_only, require
from teams.middleware import PanelRequest, PersonRequest
from teams.models import Team, User
from teams.permissions import Action
from wallets import halts
from wallets.models import Gateway, Halt


@require_safe
@require(Action.VIEW)
def stops(request: PanelRequest) -> HttpResponse:
    """Show what is stopped of the team, and what that holds up."""
    page = pages.team_stops(request.membership)
    return render(request, "home/stops.html", {"page": page, "of_instance": False})


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.HALT)
def stop_team(request: PanelRequest) -> HttpResponse:
    """Say what stopping the team does; do it with a reason."""
    form = StopForm(request.POST or None)
    if request.method == "POST" and _stop(form, request.user, team=request.team):
        return redirect("home:stops")
    return render(request, "home/stop.html", {"page": pages.team_stop(request.membership), "form": form})


@require_POST
@require(Action.HALT)
def resume_team(request: PanelRequest) -> HttpResponse:
    """Let the team's operations go on."""
    halt = halts.active().filter(team=request.team).first()
    _resume(request, request.user, halt)
    return redirect("home:stops")


@require_safe
@operator_only
def instance_stops(request: PersonRequest) -> HttpResponse:
    """Show operators which gateways are stopped, and what that holds up in figures."""
    return render(request, "home/stops.html", {"page": pages.instance_stops(), "of_instance": True})


@require_http_methods(["GET", "HEAD", "POST"])
@operator_only
def stop_instance(request: PersonRequest) -> HttpResponse:
    """Say what stopping a gateway, or everything, does; do it with a reason."""
    slug = request.GET.get("gateway", "")
    gateway = get_object_or_404(Gateway, pk=slug, enabled=True) if slug else None
    form = StopForm(request.POST or None)
    if request.method == "POST" and _stop(form, request.user, gateway=gateway):
        return redirect("home:instance_stops")
    return render(request, "home/stop.html", {"page": pages.instance_stop(gateway), "form": form})


@require_POST
@operator_only
def resume_instance(request: PersonRequest) -> HttpResponse:
    """Let a gateway's operations, or everything, go on."""
    _resume(request, request.user, _of_instance(request.POST.get("halt", "")))
    return redirect("home:instance_stops")


def _of_instance(key: str) -> Halt | None:
    try:
        return halts.active().filter(pk=UUID(key), team=None).first()
    except ValueError:
        return None


def _stop(form: StopForm, user: User, *, team: Team | None = None, gateway: Gateway | None = None) -> bool:
    """Stop it, or leave the reason why not in the form."""
    if form.is_valid():
        with refusals_in(form):
            halting.stop(user=user, why=form.cleaned_data["why"], team=team, gateway=gateway)
    return form.is_valid()


def _resume(request: HttpRequest, user: User, halt: Halt | None) -> None:
    """Lift it and say so, or say why not; one that is gone was lifted by somebody else."""
    if halt is None:
        messages.info(request, _("There is nothing to resume: it was lifted already."))
        return
    try:
        halting.resume(user=user, halt=halt)
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    else:
        messages.success(request, _("Resumed. What was held up goes on."))
