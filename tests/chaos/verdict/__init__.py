"""Compares the panel's rows with what the sandbox has on record; each difference is a finding.

The modules beside this one are imported for the checks that they add.
"""

from __future__ import annotations

from collections.abc import Iterable

from operations.models import Operation
from tests.chaos.books import Books
from tests.chaos.verdict import checkouts, freezes, jobs, money, releases, rows, secrets, wallets
from tests.chaos.verdict.finding import CHECKS, LOST, OTHER, OVERSPENT, REPEATED, Facts, Finding

__all__ = [
    "LOST",
    "OTHER",
    "OVERSPENT",
    "REPEATED",
    "Finding",
    "checkouts",
    "freezes",
    "jobs",
    "money",
    "releases",
    "rows",
    "secrets",
    "verdict",
    "wallets",
]


def verdict(books: Books, asked: Iterable[str]) -> list[Finding]:
    """Return everything that is wrong."""
    operations = tuple(Operation.objects.order_by("created_at").select_related("wallet"))
    facts = Facts(books, operations, frozenset(asked))
    return [finding for each in CHECKS for finding in each(facts)]
