"""What stands between the network and every view: headers for the browser, limits for the request, quiet logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django_structlog.middlewares import RequestMiddleware

from core.limits import limit_of
from core.logs import shown_address
from core.views import refused, too_large

GetResponse = Callable[[HttpRequest], HttpResponse]

METHODS = ("GET", "HEAD", "POST")
MOST_ADDRESS_CHARACTERS = 4096
#: The panel uses two abilities of a browser beyond drawing pages: passkeys, and copying to the clipboard.
ALLOWED = ("clipboard-write", "publickey-credentials-create", "publickey-credentials-get")
DENIED = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read", "compute-pressure"),
    *("cross-origin-isolated", "display-capture", "encrypted-media", "fullscreen", "gamepad", "geolocation"),
    *("gyroscope", "hid", "identity-credentials-get", "idle-detection", "keyboard-map", "local-fonts"),
    *("magnetometer", "microphone", "midi", "otp-credentials", "payment", "picture-in-picture"),
    *("screen-wake-lock", "serial", "storage-access", "sync-xhr", "usb", "window-management"),
    "xr-spatial-tracking",
)
PERMISSIONS_POLICY = ", ".join([*(f"{name}=(self)" for name in ALLOWED), *(f"{name}=()" for name in DENIED)])


class BrowserHeadersMiddleware:
    """Set on every answer, static files and errors included, what no other part of the panel sets.

    An answer that says nothing about caching is kept by nobody: pages show names, balances and ids, and must not come
    back from a browser's memory after somebody has signed out.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class CookielessMiddleware:
    """Answer below settings.COOKIELESS_PATHS as if there were no cookies: none is read, none is set.

    Foreign bytes must depend on their address alone, and must neither prolong nor end anybody's session.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(settings.COOKIELESS_PATHS):
            return self.get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = self.get_response(request)
        response.cookies.clear()
        response.headers.pop("Vary", None)
        return response


class LimitsMiddleware:
    """Refuse what no form and no link of the panel makes, before anything reads it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = _unreadable(request)
        if answer is not None:
            return answer
        response = self.get_response(request)
        if response.status_code == 405 and not response.streaming and not response.content:
            return _wrong_method(request, response.headers.get("Allow", ""))
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse a body beyond what this view takes. A body without a stated length is never read at all."""
        if _body_length(request) <= limit_of(view):
            return None
        return too_large(request)


class RequestLogMiddleware(RequestMiddleware):
    """One line when a request begins and one when it ends, without what only its holder may know."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {shown_address(request)}"


def _unreadable(request: HttpRequest) -> HttpResponse | None:
    if request.method not in METHODS:
        return _wrong_method(request, ", ".join(METHODS))
    if len(request.META.get("QUERY_STRING", "")) + len(request.path_info) > MOST_ADDRESS_CHARACTERS:
        text = _("Nothing has changed. Open the page from the panel's own links, or search for less.")
        return refused(request, 414, _("This address is too long"), text)
    if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        text = _("It holds a character that no name has. Open the page from the panel's own links.")
        return refused(request, 400, _("This address cannot be read"), text)
    # Python knows encodings that turn text into other text, or into an error: Django would try them.
    if request.content_params and request.content_params.get("charset", "utf-8").lower() != "utf-8":
        text = _("The panel reads UTF-8 only. Nothing has changed. Send it again as UTF-8.")
        return refused(request, 415, _("This encoding cannot be read"), text)
    return None


def _wrong_method(request: HttpRequest, allowed: str) -> HttpResponse:
    text = _(
        "This address does not take that kind of request. Nothing has changed. Go back and use the form there."
    )
    response = refused(request, 405, _("That cannot be done here"), text)
    response.headers["Allow"] = allowed
    return response


def _body_length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
