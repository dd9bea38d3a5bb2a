"""Liveness and the error pages."""

from __future__ import annotations

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe


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
    """Show 500 without a request context: whatever broke may be in it."""
    return HttpResponse(loader.get_template("errors/500.html").render(), status=500)
