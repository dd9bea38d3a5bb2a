"""Small helpers for views."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

STOP_POLLING = 286


def safe_next(request: HttpRequest, default: str) -> str:
    """Return the `next` of the form when it stays on this host, else `default`."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if target and allowed else default


def go(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser to `url`: by header for an HTMX request, by redirect otherwise."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def nothing_new(delay: int) -> HttpResponse:
    """Answer a poll that everything is as it was; the element asks again after `delay` milliseconds (poll.js)."""
    return HttpResponse(status=204, headers={"Panel-Poll": str(delay)})


def whole_number(request: HttpRequest, name: str) -> int:
    """Return a whole number of the address; anything else counts as zero."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
