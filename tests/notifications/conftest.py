"""Fixtures of notices and webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings

from core.happenings import Happening
from notifications import delivering, services
from notifications.events import FOR_HOOKS
from notifications.models import Hook
from teams.models import Team, User
from tests.notifications import receiver as receivers
from tests.notifications.receiver import Receiver

Happened = Callable[..., Happening]
AddHook = Callable[..., tuple[Hook, str]]


@pytest.fixture
def happened(team: Team) -> Happened:
    """Return a function that makes a happening of the team."""

    def make(event: str = "payment.unknown", **fields: Any) -> Happening:
        defaults: dict[str, Any] = {"object_id": "thing", "occurrence": "1", "title": "It happened"}
        return Happening(event, **{**defaults, "team_id": team.pk, "url": "/wallets/", **fields})

    return make


@pytest.fixture
def receiver(settings: Settings, keysets: None) -> Iterator[Receiver]:
    """A receiver that the operator lets the panel call, and a worker that may try at once."""
    cache.delete(delivering.TURN)
    with receivers.running() as running:
        settings.OUTGOING_ALLOW = frozenset({running.origin})
        yield running
    cache.delete(delivering.TURN)


@pytest.fixture
def add_hook(team: Team, alice: User, receiver: Receiver) -> AddHook:
    """Return a function that adds a webhook of the team at the receiver, and returns it with its secret."""

    def add(form: str = Hook.Form.SIGNED, **fields: Any) -> tuple[Hook, str]:
        draft = {
            "name": "Chat",
            "form": form,
            "url": f"{receiver.origin}/hooks/token-very-secret",
            "events": tuple(each.name for each in FOR_HOOKS if each.name != "security"),
        }
        return services.add_hook(team=team, actor=alice, draft=services.HookDraft(**{**draft, **fields}))

    return add
