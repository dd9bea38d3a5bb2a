"""Home with its moving parts, search, settings, readiness."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.http import STOP_POLLING, whole_number
from home import about, account, money, page, readiness
from home.instance import instance_page
from home.search import search as find
from teams.access import operator_only, public, require
from teams.middleware import PanelRequest, PersonRequest
from teams.permissions import Action
from teams.services.operators import set_open_teams
from wallets import gateways


@require_safe
@require(Action.VIEW)
def home(request: PanelRequest) -> HttpResponse:
    """Show what needs somebody, what runs, what there is, what changed, what it costs."""
    gateway = gateways.of(request)
    now = account.read(request.membership, gateway)
    shown = page.home_page(now, money.money(now.wallets, gateway), request)
    return render(request, "home/home.html", {"page": shown})


@require_safe
@require(Action.VIEW)
def running(request: PanelRequest) -> HttpResponse:
    """Answer what is running; when something has ended or waits now, the page is loaded anew."""
    now = page.running_of(account.active(request.membership.reach, gateways.of(request)))
    if {str(operation.pk) for operation in now.operations} != set(request.GET.getlist("shown")):
        return HttpResponse(status=STOP_POLLING, headers={"HX-Refresh": "true"})
    return render(request, "home/_running.html", {"running": now})


@require_safe
@require(Action.VIEW)
def balances(request: PanelRequest) -> HttpResponse:
    """Answer the money panel; stale balances are being read anew, and it asks again while they are.

    It is seen whether they are before the wallets are read: the last answer has to show what the last reading wrote.
    """
    gateway, reach = gateways.of(request), request.membership.reach
    asked = whole_number(request, "asked") or 1
    if asked == 1:
        money.refresh_stale(account.wallets_now(reach, gateway))
    again = asked < money.MOST_POLLS and money.is_reading(reach, gateway)
    wallets = account.wallets_now(reach, gateway)
    panel = money.money(wallets, gateway, asked=asked, delay=money.NEXT_MS if again else 0)
    return render(request, "home/_money.html", {"money": panel})


@require_safe
@require(Action.VIEW)
def search(request: PanelRequest) -> HttpResponse:
    """Find pages, actions and things; the palette asks for the results alone."""
    found = find(request, request.GET.get("q", ""))
    fragment = request.headers.get("HX-Request") and request.headers.get("HX-Target") == "palette-list"
    template = "home/_palette_results.html" if fragment else "home/search.html"
    return render(request, template, {"found": found})


@require_safe
@require(Action.VIEW)
def settings(request: PanelRequest) -> HttpResponse:
    """Show appearance, account and what this installation is."""
    page = about.settings_page(gateways.choices_of(request), request.membership)
    return render(request, "home/settings.html", {"page": page})


@never_cache
@public("asked by whoever routes requests; says no secret and no address")
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether this process (with `?worker=1`: this instance) can work: 200, or 503 with what is missing."""
    found = readiness.checks(worker="worker" in request.GET)
    ready = all(words == "ok" for words in found.values())
    return JsonResponse({"ready": ready, "checks": found}, status=200 if ready else 503)


@require_safe
@operator_only
def instance(request: PersonRequest) -> HttpResponse:
    """Show operators whether the instance is well. Nothing of any team."""
    return render(request, "home/instance.html", {"page": instance_page(request.user)})


@require_POST
@operator_only
def open_teams(request: PersonRequest) -> HttpResponse:
    """Let everybody make teams, or operators alone."""
    set_open_teams(actor=request.user, open_teams=request.POST.get("open") == "yes")
    messages.success(request, _("Saved."))
    return redirect("home:instance")
