"""`manage.py keysets_status`: the keys of this process, the rows each of them covers, and who else holds them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from core.keysets import Configured, Keyset, UnusableKeyset, load
from operations.models import WorkerPulse
from wallets import sealed


class Command(BaseCommand):
    help = "List key ids, the primary of each keyset, rows per table and key id, and the keys of each worker."

    def handle(self, *args: Any, **options: Any) -> None:
        public, private = settings.VAULT_PUBLIC_KEYSET, settings.VAULT_PRIVATE_KEYSET
        self._keyset("vault", private or public, secret=bool(private))
        self._keyset("policy", settings.POLICY_MAC_KEYSET, secret=True)
        self._keyset("results", settings.RESULTS_KEYSET, secret=True)
        for pulse in WorkerPulse.objects.order_by("name"):
            self._worker(pulse)

    def _keyset(self, name: str, configured: Configured, *, secret: bool) -> None:
        """Write a keyset's keys with what each of them covers, then what keys cover that are not here."""
        counts = sealed.rows_per_key(name)
        states: dict[int, str] = {}
        try:
            keyset = load(configured, secret=secret)
        except UnusableKeyset as error:
            self.stdout.write(f"{name}: no keyset in this process ({error})")
        else:
            half = "" if secret else ", the public half only"
            self.stdout.write(f"{name}: {len(keyset.ids)} keys{half}")
            states = {key_id: _state(keyset, key_id) for key_id in keyset.ids}
        used = {key_id for counter in counts.values() for key_id in counter}
        for key_id in (*states, *sorted(used - set(states))):
            self._key(key_id, states.get(key_id, "not here"), counts)

    def _key(self, key_id: int, state: str, counts: dict[str, Any]) -> None:
        rows = [f"{counter[key_id]} {column}" for column, counter in counts.items() if counter[key_id]]
        self.stdout.write(f"  {key_id:>10}  {state:<8}  {', '.join(rows) or 'no rows'}")

    def _worker(self, pulse: WorkerPulse) -> None:
        age = (timezone.now() - pulse.at).total_seconds()
        held = [f"{name} {', '.join(map(str, ids)) if ids else 'none'}" for name, ids in pulse.keys.items()]
        self.stdout.write(f"worker {pulse.name}, alive {age:.0f} s ago: {'; '.join(held) or 'no keys told'}")


def _state(keyset: Keyset, key_id: int) -> str:
    """A keyset lists its keys by age."""
    if key_id == keyset.primary:
        return "primary"
    return "old" if keyset.ids.index(key_id) < keyset.ids.index(keyset.primary) else "waiting"
