"""The ledger as a table for spreadsheets: read in pieces, so that a long one costs no memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import slugify

from audit.files import Echo, cell
from audit.record import Subject, record
from core.ui.money import usd
from operations.record import Export
from teams.models import Team, User
from wallets.models import Payment

CONTENT_TYPE = "text/csv; charset=utf-8"
CHUNK = 500
COLUMNS = (
    "id",
    "begun_at",
    "ended_at",
    "state",
    "purpose",
    "kind",
    "cost",
    "asked_by",
    "member",
    "wallet",
    "wallet_address",
    "project",
    "operation",
    "network",
    "paid_by",
    "reserved_usd_micros",
    "charged_usd_micros",
    "charged_usd",
    "payee",
    "transaction",
    "nonce",
    "note",
    "decided_by",
)


def export(*, team: Team, actor: User, found: QuerySet[Payment], filters: dict[str, str]) -> Export:
    """Record that the ledger was taken along, and return the file."""
    with transaction.atomic():
        subject = Subject("team", str(team.pk), team.name)
        details = {"format": "csv", **({"filters": filters} if filters else {})}
        record("payment.exported", team_id=team.pk, actor=actor.actor, subject=subject, details=details)
    name = f"payments-{slugify(team.name) or 'team'}-{timezone.now():%Y-%m-%d}.csv"
    return Export(name, CONTENT_TYPE, lines(found))


def lines(found: QuerySet[Payment]) -> Iterator[str]:
    """Yield the lines, oldest payment first."""
    writer = csv.writer(Echo())
    yield str(writer.writerow(COLUMNS))
    for payment in found.order_by("reserved_at", "pk").iterator(chunk_size=CHUNK):
        yield str(writer.writerow([cell(value) for value in _values(payment)]))


def _values(payment: Payment) -> tuple[object, ...]:
    charged = payment.settled_micros
    return (
        str(payment.pk),
        _moment(payment.reserved_at),
        _moment(payment.ended_at),
        payment.state,
        payment.purpose,
        payment.kind,
        payment.cost,
        getattr(payment, "asked_by", ""),
        str(payment.actor_id or ""),
        payment.wallet.label,
        payment.wallet.address,
        str(payment.project_id or ""),
        str(payment.operation_id),
        payment.network,
        payment.paid_by,
        payment.amount_micros,
        "" if charged is None else charged,
        "" if charged is None else usd(charged, exact=True).removeprefix("$").replace(",", ""),
        payment.payee,
        payment.transaction,
        payment.nonce,
        payment.note,
        payment.decided_by,
    )


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat() if at else ""
