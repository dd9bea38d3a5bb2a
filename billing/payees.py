"""Confirming whom a gateway has paid: asked here, confirmed with an owner's passkey, written by the worker."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Refusal
from operations import queue
from operations.models import Operation
from operations.queue import Request
from teams.models import Team, User
from wallets import payees
from wallets.models import Gateway, Payee

CONFIRM = "payee.confirm"


def payee_or_404(team: Team, pk: UUID) -> Payee:
    """Return what the team knows of one gateway's payee."""
    payee = Payee.objects.filter(team=team, pk=pk).select_related("gateway", "team").first()
    if payee is None:
        raise Http404("no such payee")
    return payee


def paid_now(payee: Payee) -> str:
    """Return the address that is paid at present as the row says, or that is built in; empty for none."""
    return payee.address or payees.built_in(payee.gateway)


def confirm(*, payee: Payee, actor: User) -> Operation:
    """Ask to pay the address that the gateway asked for last. Raises Refusal when it asked for no other one."""
    if not payee.seen:
        raise Refusal("PAYEE_KNOWN", _("This gateway asks for no other address."))
    gateway: Gateway = payee.gateway
    return queue.submit(
        Request(
            kind=CONFIRM,
            title=_("Pay %(gateway)s at another address") % {"gateway": gateway.name},
            team=payee.team,
            gateway=gateway,
            actor=actor,
            subject_id=payee.pk,
            subject_url=reverse("billing:payees"),
            args={"payee": str(payee.pk), "address": payee.seen, "now": paid_now(payee)},
        )
    )


def statement(operation: Operation) -> list[tuple[str, str]]:
    """Return the two addresses, one above the other."""
    return [
        (_("Gateway"), operation.gateway.name if operation.gateway else ""),
        (_("Is paid now"), str(operation.args["now"]) or _("nobody yet")),
        (_("Will be paid"), str(operation.args["address"])),
    ]
