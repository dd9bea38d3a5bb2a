"""Keeps the Gateway rows equal to the operator's settings."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from structlog.contextvars import bind_contextvars

from core.prepared import Prepared
from wallets.models import Gateway

SESSION_KEY = "gateway"
_ENABLED = Prepared(lambda: Gateway.objects.filter(enabled=True).select_related("standing"))


def sync() -> None:
    """Write one row per configured gateway and disable the rest; rows stay, since wallets refer to them."""
    configured = {gateway.slug: gateway for gateway in settings.GATEWAYS}
    with transaction.atomic():
        for slug, gateway in configured.items():
            values = {"name": gateway.name, "kind": gateway.kind, "url": gateway.url}
            Gateway.objects.update_or_create(
                slug=slug, defaults={**values, "rpc_urls": list(gateway.rpc), "enabled": True}
            )
        Gateway.objects.exclude(slug__in=configured).update(enabled=False)


def sync_after_migrate(**kwargs: Any) -> None:
    """Run `sync` after `manage.py migrate`."""
    if kwargs.get("using") == "default":
        sync()


def choices() -> list[Gateway]:
    """Return the gateways people may choose, sandboxes first: a newcomer starts with play money."""
    return sorted(_ENABLED.all(), key=lambda g: (not g.is_sandbox, g.name))


def choices_of(request: HttpRequest) -> list[Gateway]:
    """Return the same, read once a request: the page and its frame both ask."""
    if not hasattr(request, "gateway_choices"):
        request.gateway_choices = choices()  # type: ignore[attr-defined]  # a note to ourselves
    return cast(list[Gateway], request.gateway_choices)  # type: ignore[attr-defined]


def of(request: HttpRequest) -> Gateway:
    """Return the gateway the person works with now: the session's choice while it is enabled, else the first one."""
    available, slug = choices_of(request), request.session.get(SESSION_KEY)
    chosen = next((gateway for gateway in available if gateway.slug == slug), available[0])
    bind_contextvars(gateway=chosen.pk)
    return chosen
