"""Writing whom a gateway has paid. The passkey that confirmed it was checked before this runs."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import payees as services
from core.errors import Refusal
from operations.registry import Guard, kind
from operations.work import Work
from teams.permissions import Action
from wallets import payees
from wallets.models import Payee

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@kind(
    services.CONFIRM,
    gettext_lazy("Confirm who is paid"),
    action=Action.TEAM_RULES,
    guard=Guard.PASSKEY,
    statement=services.statement,
)
def confirm(work: Work) -> dict[str, Any]:
    """Pay the confirmed address from now on, unless another one is paid by now than the person saw."""
    address = str(work.args["address"])
    row = Payee.objects.select_related("team", "gateway").get(
        team=work.operation.team_id, gateway=work.operation.gateway_id
    )
    present = payees.known(row.team_id, row.gateway)
    if present == address:
        return {"address": address}
    if present != work.args["now"] or not ADDRESS.fullmatch(address):
        raise Refusal("PAYEE_MOVED", _("Another address is paid by now. Look at both, then ask again."))
    payees.trust(row.team, row.gateway, address, actor=work.actor)
    return {"address": address}
