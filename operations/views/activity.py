"""Activity: the team's operations and the audit record, as pages and as files."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.selectors import actors_of
from operations import exporting, files, pages, record, selectors
from operations.forms import FilterForm, RecordForm
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action, demand
from teams.record import events_within
from wallets import gateways


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest) -> HttpResponse:
    """List the operations at the current gateway, or the team's audit record."""
    if request.GET.get("tab") == "audit":
        return _record(request)
    form = FilterForm(request.GET)
    found = selectors.matching(request.membership.reach, gateways.of(request), **form.narrowing())
    page = pages.operations_page(
        found,
        request.GET.get("page", ""),
        membership=request.membership,
        filters=form.narrowing(),
    )
    return render(request, "operations/list.html", {"page": page, "form": form})


@require_POST
@require(Action.OPERATIONS_EXPORT)
def export_operations(request: PanelRequest) -> HttpResponseBase:
    """Send the operations, narrowed like the page, as a file; a POST, because that goes on record."""
    form = request.POST.get("format", "")
    if form not in files.FORMATS:
        return HttpResponseBadRequest(_("Choose CSV or JSONL."))
    narrowing = FilterForm(request.GET).narrowing()
    found = selectors.matching(request.membership.reach, gateways.of(request), **narrowing)
    filters = {name: value for name, value in narrowing.items() if value}
    return _download(
        exporting.export(team=request.team, actor=request.user, found=found, form=form, filters=filters)
    )


def _record(request: PanelRequest) -> HttpResponse:
    demand(request.membership, Action.AUDIT_VIEW)
    form = _record_form(request)
    number, query = request.GET.get("page", ""), request.GET.urlencode()
    page = record.record_page(request.membership, form.narrowing(), number=number, query=query)
    return render(request, "operations/list.html", {"page": page, "form": form})


def _record_form(request: PanelRequest) -> RecordForm:
    return RecordForm(request.GET, actors=actors_of(request.team.pk, events_within(request.membership)))


@require_POST
@require(Action.AUDIT_EXPORT)
def export(request: PanelRequest) -> HttpResponseBase:
    """Send the record, narrowed like the page, as a file. A POST, because the export is an entry itself."""
    record.demand_whole(request.membership)
    form = request.POST.get("format", "")
    if form not in record.FORMATS:
        return HttpResponseBadRequest(_("Choose CSV or JSONL."))
    narrowing = _record_form(request).narrowing()
    return _download(record.export(team=request.team, actor=request.user, narrowing=narrowing, form=form))


def _download(file: record.Export) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(file.lines, content_type=file.content_type, headers=headers)


@require_safe
@require(Action.AUDIT_VIEW)
def about(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer with what the record says about one operation."""
    operation = selectors.operation_for(request.membership, pk, Action.AUDIT_VIEW)
    page = record.record_panel(request.membership, operation.pk)
    return render(request, "operations/_record.html", {"page": page})
