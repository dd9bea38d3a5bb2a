"""The ledger, who pays, and a month on paper."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST, require_safe

from billing.ledger import files, narrowing
from billing.ledger.choices import choices
from billing.ledger_forms import LedgerForm
from billing.pages import costs as costs_pages
from billing.pages import ledger as pages
from billing.pages import statement as statement_pages
from projects.selectors import project_for
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from wallets import gateways


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest) -> HttpResponse:
    """List the payments at the current gateway that fit the filters of the address."""
    form = _form(request)
    page = pages.ledger_page(request.membership, gateways.of(request), form, request.GET.get("page", ""))
    return render(request, "billing/payments.html", {"page": page, "form": form})


@require_POST
@require(Action.PAYMENTS_EXPORT)
def export(request: PanelRequest) -> HttpResponseBase:
    """Send what the filters of the address leave as a table; a POST, because that goes on record."""
    chosen = _form(request).narrowing()
    found = narrowing.found(request.membership.reach, gateways.of(request), chosen)
    file = files.export(team=request.team, actor=request.user, found=found, filters=chosen.chosen())
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(file.lines, content_type=file.content_type, headers=headers)


@require_safe
@require(Action.VIEW)
def costs(request: PanelRequest) -> HttpResponse:
    """Show what projects, members, kinds or wallets cost."""
    by = request.GET.get("split", "")
    form = _form(request)
    page = costs_pages.costs_page(
        request.membership, gateways.of(request), form, by if by in costs_pages.SPLITS else "project"
    )
    return render(request, "billing/costs.html", {"page": page, "form": form})


@require_safe
@require(Action.VIEW)
def statement(request: PanelRequest) -> HttpResponse:
    """Show one month to be printed: the present one unless the address names another."""
    month = _month(request.GET.get("month") or f"{timezone.now():%Y-%m}")
    page = statement_pages.statement_page(request.membership, gateways.of(request), month)
    return render(request, "billing/statement.html", {"page": page})


@require_GET
@require(Action.VIEW)
def project_panel(request: PanelRequest, pk: UUID) -> HttpResponse:
    """What a project cost in the last thirty days, for its page."""
    project = project_for(request.membership, pk)
    page = pages.project_costs(request.membership, project.gateway, project.pk)
    return render(request, "billing/_project_costs.html", {"page": page})


def _form(request: PanelRequest) -> LedgerForm:
    return LedgerForm(request.GET, **choices(request.membership.reach, gateways.of(request)))


def _month(text: str) -> date:
    """Return the first day of the month that the address names; 404 for none, and for one that has not come."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Http404("no month") from None
    if found > timezone.now().date() or found.year < 2020:
        raise Http404("no month of this panel")
    return found
