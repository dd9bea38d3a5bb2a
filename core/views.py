"""Liveness and the error pages."""

from __future__ import annotations

import sys

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core.outages import Outage, outage_of


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Say that the web process answers."""
    return HttpResponse("ok", content_type="text/plain")


TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def refused(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """Show one refusal as a page: what it was, and what to do next."""
    return render(request, "errors/refused.html", {"title": title, "text": text}, status=status)


def too_large(request: HttpRequest) -> HttpResponse:
    """Show 413: more bytes, files or fields than this address takes."""
    text = _("Nothing has changed. Send less at once, or ask whoever runs the panel for a higher limit.")
    return refused(request, 413, _("That was too much at once"), text)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, TOO_MUCH):
        return too_large(request)
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show 403 with who can do it, when the refusal names them."""
    return render(request, "errors/403.html", {"reason": str(exception)}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Show 500, or 503 in an outage, without a request context: whatever broke may be in it."""
    outage = outage_of(sys.exception())
    if outage is None:
        return HttpResponse(loader.get_template("errors/500.html").render(), status=500)
    page = loader.get_template("errors/503.html").render(OUTAGES[outage])
    return HttpResponse(page, status=503, headers={"Retry-After": "10"})


OUTAGES = {
    Outage.DATABASE: {
        "title": gettext_lazy("The panel cannot reach its database"),
        "text": gettext_lazy(
            "Nothing was changed. What runs goes on as soon as the database is back. Reload this page in a moment; "
            "if it stays like this, tell whoever runs the panel."
        ),
    },
    Outage.DISK: {
        "title": gettext_lazy("The panel's disk is full"),
        "text": gettext_lazy(
            "Nothing of this was kept, and nothing was changed. Tell whoever runs the panel to make room, "
            "then try again."
        ),
    },
}
