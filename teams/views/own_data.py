"""A person's own data: look, take it along, erase it."""

from __future__ import annotations

import json

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Refusal
from teams.access import personal
from teams.forms.own import EraseForm
from teams.middleware import PersonRequest
from teams.services import own_data
from teams.stepup import step_up


@require_http_methods(["GET", "HEAD", "POST"])
@personal
@step_up("own_data", _("take along or erase your own data"))
def page(request: PersonRequest) -> HttpResponse:
    """Say what is held; POST erases, once the address was typed."""
    form = EraseForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            return _erase(request)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "orphans": own_data.orphaned(request.user)}
    return render(request, "teams/own_data.html", context, status=422 if form.errors else 200)


def _erase(request: PersonRequest) -> HttpResponse:
    own_data.erase(request.user)
    # No farewell in the record: the sign-out would name them once more.
    request.session.flush()
    return redirect("account_login")


@never_cache
@require_POST
@personal
@step_up("own_data", _("take along or erase your own data"))
def export(request: PersonRequest) -> HttpResponse:
    """Answer with everything as one JSON file."""
    text = json.dumps(own_data.export(request.user), indent=2, ensure_ascii=False, default=str)
    name = f"run402-panel-{timezone.now():%Y-%m-%d}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="application/json", headers=headers)
