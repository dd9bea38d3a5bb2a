"""When the audit row cannot be written nothing is paid, signed or put in line: the database itself refuses the row."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection

from audit.models import Chain
from operations import queue
from operations.models import Operation
from operations.registry import kinds
from teams.models import Team, User
from tests.wallets.conftest import charge, signed
from wallets import closing, selectors, spending
from wallets.models import Gateway, Payment, Wallet

REFUSE = {
    "sqlite": [
        """CREATE TRIGGER audit_is_full BEFORE INSERT ON audit_event
           BEGIN SELECT RAISE(ABORT, 'the audit record takes no rows'); END"""
    ],
    "postgresql": [
        """CREATE FUNCTION audit_is_full() RETURNS trigger LANGUAGE plpgsql
           AS $$ BEGIN RAISE EXCEPTION 'the audit record takes no rows'; END $$""",
        "CREATE TRIGGER audit_is_full BEFORE INSERT ON audit_event EXECUTE FUNCTION audit_is_full()",
    ],
}
ALLOW = {
    "sqlite": ["DROP TRIGGER audit_is_full"],
    "postgresql": ["DROP TRIGGER audit_is_full ON audit_event", "DROP FUNCTION audit_is_full()"],
}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ready(wallet: Wallet) -> Wallet:
    """The wallet, before the record is full."""
    return wallet


@pytest.fixture
def full(ready: Wallet, alice: User, gateway: Gateway) -> Iterator[None]:
    """A database that takes no row of the audit record."""
    _run(REFUSE)
    yield
    _run(ALLOW)


def _run(statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)


def test_no_money_is_reserved(ready: Wallet, full: None) -> None:
    with pytest.raises(DatabaseError, match="takes no rows"):
        spending.reserve(ready, charge())
    assert (Payment.objects.count(), selectors.spent_in_a_day_micros(ready)) == (0, 0)
    assert Chain.objects.filter(seq__gt=0).count() == 0


def test_a_payment_that_cannot_be_settled_in_the_record_stays_signed(ready: Wallet) -> None:
    payment = spending.reserve(ready, charge())
    spending.purchase(payment).before_send(signed())
    _run(REFUSE)
    try:
        for end in (closing.release, closing.doubt):
            with pytest.raises(DatabaseError, match="takes no rows"):
                end(Payment.objects.get(), actor=charge().actor)
    finally:
        _run(ALLOW)
    payment = Payment.objects.get()
    assert payment.state == Payment.State.SIGNED
    assert bytes(payment.authorization_sealed) != b""


def test_nothing_is_put_in_line(full: None, team: Team, alice: User, gateway: Gateway) -> None:
    audited = next(kind for kind in kinds if kind.audited)
    request = queue.Request(kind=audited.name, title="x", team=team, gateway=gateway, actor=alice)
    with pytest.raises(DatabaseError, match="takes no rows"):
        queue.submit(request)
    assert Operation.objects.count() == 0
