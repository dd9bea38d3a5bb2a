"""Letting a passkey in for confirming: the worker reads what sign-in registered, and makes the mark web cannot make."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import passkeys as services
from core import letters
from core.errors import Refusal
from core.letters import Letter
from operations.registry import guarded_actions, kind
from operations.work import Work
from teams.models import Membership, Role
from teams.permissions import Action, allows
from wallets import passkeys
from wallets.models import TrustedPasskey
from wallets.models.passkey import in_utc


# Runs on while stopped: it asks no gateway, and the day in which owners can refuse the passkey should begin at once.
@kind(services.TRUST, gettext_lazy("Let a passkey in for confirming"), action=Action.VIEW, runs_halted=True)
def trust(work: Work) -> dict[str, Any]:
    """Mark the passkey for the member, the team and the role they have now; tell the owners."""
    membership = _membership(work)
    registered = passkeys.registered(membership.user)
    found = next((one for one in registered if str(one.pk) == str(work.args["authenticator"])), None)
    if found is None:
        raise Refusal("PASSKEY_GONE", _("This passkey is not there any more. Add it again."))
    row = passkeys.trust(membership, services.read(found), actor=work.actor)
    if "told" not in work.checkpoints:
        work.checkpoint(told=True)
        _tell_owners(row)
    return {"eligible_from": in_utc(row.eligible_from)}


def _membership(work: Work) -> Membership:
    """Return the asker's membership, if their role confirms anything at all."""
    operation = work.operation
    own = Membership.objects.filter(user=operation.actor, team=operation.team).select_related("user", "team")
    membership = own.first()
    if membership is None or not any(allows(membership.role, action) for action in guarded_actions()):
        raise Refusal("PASSKEY_NOT_NEEDED", _("Your role in this team confirms nothing with a passkey."))
    return membership


def _tell_owners(row: TrustedPasskey) -> None:
    """Write to every owner who the passkey belongs to, from when it counts, and where it is refused."""
    owners = Membership.objects.filter(team=row.team, role=Role.OWNER, user__is_active=True)
    words = {
        "who": f"{row.user.label} <{row.user.email}>",
        "name": row.name,
        "team": row.team.name,
        "when": row.eligible_from.strftime("%Y-%m-%d %H:%M UTC"),
        "where": services.address(reverse("billing:passkeys")),
    }
    text = _(
        "The passkey “%(name)s” of %(who)s may confirm payments and exports in the team %(team)s from %(when)s.\n\n"
        "If you do not know of this, refuse it before then: %(where)s"
    )
    subject = _("A passkey may soon confirm payments in %(team)s") % {"team": row.team.name}
    for owner in owners.select_related("user"):
        letter = Letter(to=owner.user.email, subject=subject, text=text % words, team_id=row.team_id)
        letters.post(letter)
