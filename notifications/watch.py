"""What no operation's end tells: rows that have come into a state of which people should hear.

Run every minute. It reads what the database says, so that nothing is lost when a worker dies, and what was told is not
told again: notices are kept for longer than these look back (`notifications.retention`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import happenings
from core.happenings import Happening
from notifications import outcomes
from notifications.models import Notice
from operations.models import Operation, Reason, State, WorkerPulse
from wallets.models import Payment, TrustedPasskey, Wallet

LOOK_BACK = timedelta(days=30)
LEASE_ENDS = timedelta(days=3)
#: Who has not decided by then is not looking at the page any more.
AWAY_AFTER = timedelta(minutes=2)
#: A worker that restarts is back before.
MISSING_AFTER = timedelta(minutes=5)


def look() -> int:
    """Tell of what is new; return how much that was."""
    found = [*unconfirmed(), *unknown_payments(), *ending_leases(), *new_passkeys(), *missing_workers()]
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


def missing_workers() -> Iterable[Happening]:
    """Workers that were alive today and say nothing any more. Told by those that are left, or once one is back."""
    for pulse in WorkerPulse.objects.filter(at__lt=timezone.now() - MISSING_AFTER)[:100]:
        yield Happening(
            "instance.trouble",
            object_id=f"worker/{pulse.name}"[:80],
            occurrence=_moment(pulse.at),
            title=_("Worker %(name)s has not been seen since %(when)s UTC")
            % {"name": pulse.name, "when": pulse.at.strftime("%Y-%m-%d %H:%M")},
            text=_("If it was not stopped on purpose, start it again and read its log."),
            url=reverse("home:settings"),
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
