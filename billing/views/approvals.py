"""What waits for a second person, what was decided, and above which sum the team needs one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing import thresholds
from billing.pages.approvals import approvals_page
from billing.threshold_forms import ThresholdForm
from core.forms import refusals_in
from core.http import go
from operations import consent
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest) -> HttpResponse:
    """List the requests within reach, those that wait first."""
    return _shown(request)


@require_POST
@require(Action.TEAM_RULES)
def threshold(request: PanelRequest) -> HttpResponse:
    """Make the team's rule stricter at once, or lead to the page on which a passkey confirms a looser one."""
    form = ThresholdForm(request.POST, team=request.team)
    if form.is_valid():
        with refusals_in(form):
            operation = thresholds.change(team=request.team, actor=request.user, asked=form.rule)
            if operation is not None and operation.awaits_consent:
                return go(request, consent.url(operation))
            messages.success(request, _("The rule holds from now on."))
            return go(request, reverse("billing:approvals"))
    return _shown(request, form)


def _shown(request: PanelRequest, form: ThresholdForm | None = None) -> HttpResponse:
    page = approvals_page(request.membership, request.GET.get("page", ""))
    shown = form or ThresholdForm(team=request.membership.team)
    return render(request, "billing/approvals.html", {"page": page, "form": shown})
