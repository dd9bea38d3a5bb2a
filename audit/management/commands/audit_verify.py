"""`manage.py audit_verify`: walk every chain of the audit record and say whether it is whole."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from audit.models import Chain
from audit.record import broken_at


class Command(BaseCommand):
    help = "Check that nobody changed or removed an event of the audit record."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for chain in Chain.objects.order_by("key"):
            at = broken_at(UUID(chain.key) if chain.key else None)
            broken += at is not None
            verdict = f"{chain.seq} events, whole" if at is None else f"broken at event {at}"
            self.stdout.write(f"{chain.key or 'instance'}: {verdict}")
        if broken:
            raise CommandError(
                f"{broken} chains are broken: somebody wrote into the database past the panel."
            )
