"""A backup restored in the place of the instance that made it, at the same gateway."""

from __future__ import annotations

from pathlib import Path

from django.core.management import call_command

from core.backup import restoring
from operations import background
from operations.models import Operation, State
from tests.billing.conftest import attempt
from tests.sandboxes import Sandbox, turn
from wallets.models import Gateway

#: What was signed before the restore cannot settle any more after so long.
SETTLED_SECONDS = 400


def restore_in_place(file: Path) -> None:
    """Forget everything and restore the backup; gateways stay where they are. `settings.GATEWAYS` has to be empty."""
    here = list(Gateway.objects.values_list("pk", "url", "rpc_urls"))
    call_command("flush", interactive=False, verbosity=0)
    restoring.restore(file)
    for slug, url, rpc_urls in here:
        Gateway.objects.filter(pk=slug).update(url=url, rpc_urls=rpc_urls, enabled=True)


def catch_up(sandbox: Sandbox) -> Operation:
    """Read what the wallet spent, when nothing signed before the restore can settle any more; return the reading."""
    background.plan()
    operation = Operation.objects.get(kind="wallet.catch_up", state=State.QUEUED)
    turn(sandbox, {"do": "clock", "seconds": SETTLED_SECONDS, "only": "blocks"})
    attempt(operation)
    turn(sandbox, None)
    return operation
