"""What no operation's end tells: rows that have come into a state of which people should hear.

Run every minute. It reads what the database says, so that nothing is lost when a worker dies, and what was told is not
told again: notices are kept for longer than these look back (`notifications.retention`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import happenings
from core.happenings import Happening
from notifications import outcomes
from notifications.models import Hook, Notice
from operations.models import Operation, Reason, State
from teams.models import Membership, Team
from wallets import halts
from wallets.models import Halt, Payment, TrustedPasskey, Wallet

LOOK_BACK = timedelta(days=30)
LEASE_ENDS = timedelta(days=3)
#: Who has not decided by then is not looking at the page any more.
AWAY_AFTER = timedelta(minutes=2)
#: A halt that was lifted longer ago is no news any more.
HALTS_LOOK_BACK = timedelta(days=1)


def look() -> int:
    """Tell of what is new; return how much that was."""
    found = [*unconfirmed(), *unknown_payments(), *ending_leases(), *new_passkeys(), *made_and_lifted_halts()]
    found += [happening for _name, watch in happenings.watches.items() for happening in watch()]
    new = _untold(found)
    for happening in new:
        happenings.tell(happening)
    return len(new)


def unconfirmed() -> Iterable[Happening]:
    """Plans that nobody confirms: whoever asked has gone away. What a passkey confirms ends within minutes."""
    now = timezone.now()
    since = Max("events__at", filter=Q(events__type="waiting"))
    rows = Operation.objects.filter(
        state=State.WAITING, reason=Reason.CONFIRMATION, consent_until=None, created_at__gte=now - LOOK_BACK
    ).annotate(since=since)
    for operation in rows.filter(since__lte=now - AWAY_AFTER)[:1000]:
        if happening := outcomes.of(operation):
            yield happening


def unknown_payments() -> Iterable[Happening]:
    """Payments that may have moved money or not; their wallets pay nothing else."""
    rows = Payment.objects.filter(
        state=Payment.State.UNKNOWN, reserved_at__gte=timezone.now() - LOOK_BACK
    ).select_related("wallet")
    for payment in rows[:100]:
        yield Happening(
            "payment.unknown",
            object_id=str(payment.pk),
            occurrence="",
            title=_("A payment of %(wallet)s has an unknown outcome") % {"wallet": payment.wallet.label},
            text=_("The wallet pays nothing else until it is known."),
            url=reverse("billing:payment", args=[payment.pk]),
            team_id=payment.team_id,
            wallet_id=payment.wallet_id,
        )


def ending_leases() -> Iterable[Happening]:
    """Tiers that end soon: their projects stop being served after a grace time."""
    now = timezone.now()
    rows = Wallet.objects.filter(
        tier_active=True, lease_expires_at__gt=now, lease_expires_at__lte=now + LEASE_ENDS
    )
    for wallet in rows[:1000]:
        ends = wallet.lease_expires_at
        yield Happening(
            "lease.ending",
            object_id=str(wallet.pk),
            occurrence=_moment(ends),
            title=_("The tier of %(wallet)s ends on %(day)s") % {"wallet": wallet.label, "day": _day(ends)},
            text=_("Renew it, or its projects stop being served when the grace time ends."),
            url=reverse("billing:wallet", args=[wallet.pk]),
            team_id=wallet.team_id,
            wallet_id=wallet.pk,
        )


def new_passkeys() -> Iterable[Happening]:
    """Passkeys that will confirm payments soon. Owners got a letter about them."""
    rows = TrustedPasskey.objects.filter(eligible_from__gt=timezone.now(), revoked_at=None).select_related(
        "user"
    )
    for passkey in rows[:1000]:
        yield Happening(
            "security",
            object_id=str(passkey.pk),
            occurrence="",
            title=_("A new passkey of %(who)s will confirm payments and exports")
            % {"who": passkey.user.label},
            text=_("Refuse it if you do not know of it."),
            url=reverse("billing:passkeys"),
            team_id=passkey.team_id,
            mailed=True,
        )


def made_and_lifted_halts() -> Iterable[Happening]:
    """What was stopped and resumed: told to every team that it concerns, and to operators unless it is a team's."""
    lately = timezone.now() - HALTS_LOOK_BACK
    for halt in Halt.objects.filter(Q(lifted_at=None) | Q(lifted_at__gte=lately)).select_related(
        "team", "gateway"
    ):
        for team_id, people in _concerned(halt):
            yield _halted(halt, team_id, people)
            if halt.lifted_at is not None:
                yield _resumed(halt, team_id, people)


Concerned = tuple[UUID | None, frozenset[UUID] | None]


def _concerned(halt: Halt) -> list[Concerned]:
    """Return the teams, and None for the operators, each with whom to tell; None: whom the type of event says.

    Who operates the instance or is in several of the teams is told once. Webhooks are each team's own.
    """
    if halt.team_id:
        return [(halt.team_id, None)]
    teams = Team.objects.order_by("pk")
    if halt.gateway_id:
        teams = teams.filter(Exists(Wallet.objects.filter(team=OuterRef("pk"), gateway=halt.gateway_id)))
    first: dict[UUID, set[UUID]] = {pk: set() for pk in teams.values_list("pk", flat=True)}
    members = Membership.objects.filter(team__in=first, user__is_active=True, user__is_operator=False)
    told: set[UUID] = set()
    for team_id, user_id in members.order_by("team_id").values_list("team_id", "user_id"):
        if user_id not in told:
            told.add(user_id)
            first[team_id].add(user_id)
    hooked = set(Hook.objects.filter(team__in=first, on=True).values_list("team_id", flat=True))
    asked = ((pk, frozenset(people)) for pk, people in first.items() if people or pk in hooked)
    return [(None, None), *asked]


def _halted(halt: Halt, team_id: UUID | None, people: frozenset[UUID] | None) -> Happening:
    words = {"name": halts.target(halt), "who": halt.by_label}
    title = _("%(name)s was stopped by %(who)s") % words
    if halt.is_restored:
        title = _("This instance was restored from a backup and is paused")
    text = _("Nothing of it begins, is sent or is signed until it is resumed.")
    return replace(_of_halt(halt, team_id, "made", title, text, halts.said(halt)), people=people)


def _resumed(halt: Halt, team_id: UUID | None, people: frozenset[UUID] | None) -> Happening:
    title = _("%(name)s was resumed by %(who)s") % {"name": halts.target(halt), "who": halt.lifted_by_label}
    told = _of_halt(halt, team_id, "lifted", title, _("What was held up goes on."))
    return replace(told, people=people)


def _of_halt(
    halt: Halt, team_id: UUID | None, occurrence: str, title: str, text: str, detail: str = ""
) -> Happening:
    """Return what to tell one team. Each has notices of its own, so the id names the team too."""
    return Happening(
        "halt",
        object_id=f"{halt.pk}/{team_id or 'operators'}",
        occurrence=occurrence,
        title=title,
        text=text,
        detail=detail,
        url=reverse("home:stops" if team_id else "home:instance_stops"),
        team_id=team_id,
    )


def _untold(found: list[Happening]) -> list[Happening]:
    """Return those of which nobody has been told."""
    ids = {happening.object_id for happening in found}
    rows = Notice.objects.filter(object_id__in=ids).values_list("event", "object_id", "occurrence")
    told = set(rows.distinct().order_by())
    return [each for each in found if (each.event, each.object_id, each.occurrence) not in told]


def _moment(when: datetime | None) -> str:
    return when.isoformat(timespec="seconds") if when else ""


def _day(when: datetime | None) -> str:
    return when.strftime("%Y-%m-%d") if when else ""
