"""`/metrics` for Prometheus: figures of the instance, for whoever knows the token that the settings name."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.exposition import CONTENT_TYPE, expose
from operations import watch
from teams.access import public


@never_cache
@public("asked by Prometheus, which shows PANEL_METRICS_TOKEN instead of signing in; names no team")
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the figures of the instance."""
    if not settings.METRICS_TOKEN:
        raise Http404("PANEL_METRICS_TOKEN is not set")
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        return HttpResponse(
            "Show PANEL_METRICS_TOKEN as bearer token.\n",
            status=401,
            content_type="text/plain; charset=utf-8",
            headers={"WWW-Authenticate": 'Bearer realm="metrics"'},
        )
    return HttpResponse(expose(watch.figures()), content_type=CONTENT_TYPE)
