"""The migration to the form that can be exported in part: what held holds, what was broken stays broken."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from audit import chains
from audit.models import Chain, Event, Mention
from tests.audit.tampering import COUNT, TEAM, record_some

pytestmark = pytest.mark.django_db

MIGRATION: Any = import_module("audit.migrations.0003_chain_anew")


@pytest.fixture
def old_apps() -> Any:
    """The models as the migration sees them, and a chain of five entries in the old form."""
    state = MigrationExecutor(connection).loader.project_state([("audit", "0002_signed_heads")])
    apps: Any = state.apps
    record_some()
    Mention.objects.all().delete()
    previous = ""
    for event in apps.get_model("audit", "Event").objects.order_by("seq"):
        event.previous, event.salt = previous, ""
        event.digest = previous = MIGRATION._old_digest(event)
        event.save()
    Chain.objects.update(head=previous)
    return apps


def test_a_chain_that_holds_is_chained_anew(old_apps: Any) -> None:
    MIGRATION.chain_anew(old_apps, None)
    found = chains.verdict_of(str(TEAM))
    assert (found.broken, found.entries) == (None, COUNT)
    assert len({event.salt for event in Event.objects.all()}) == COUNT


def test_a_broken_chain_stays_broken_at_the_same_entry(old_apps: Any) -> None:
    Event.objects.filter(seq=4).update(actor_label="Bob")
    MIGRATION.chain_anew(old_apps, None)
    assert chains.broken_at(TEAM) == 4


def test_a_cut_chain_stays_cut(old_apps: Any) -> None:
    Event.objects.filter(seq=COUNT)._raw_delete(using="default")
    MIGRATION.chain_anew(old_apps, None)
    assert chains.broken_at(TEAM) == COUNT


def test_what_is_there_is_found_by_what_it_mentions(old_apps: Any) -> None:
    MIGRATION.fill_mentions(old_apps, None)
    assert sorted(Mention.objects.values_list("key", flat=True)) == ["1", "2", "3", "4", "5"]
