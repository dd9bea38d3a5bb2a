"""Named reads of the room. Each is scoped by team, and an inbox by its person and what they reach."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from core.prepared import Param
from notifications.events import ALL
from notifications.models import Delivery, Hook, Mail, MailRule, Notice
from teams.models import Membership, Team, User
from teams.permissions import Action, who_may
from teams.reach import Reach

SECRETS = ("url_sealed", "secret_sealed")


def mails_of(team: Team) -> QuerySet[Mail]:
    """Return the team's mails without their texts, newest first."""
    return Mail.objects.filter(team=team).defer("body_sealed")


def inbox_of(person: User, membership: Membership | None) -> QuerySet[Notice]:
    """Return what the person was told about the instance, and about what they reach in their current team."""
    return _inbox(person.pk, membership.reach if membership is not None else None)


def _inbox(person_id: UUID | Param, reach: Reach | None) -> QuerySet[Notice]:
    within = Q(team=None)
    if reach is not None:
        within |= reach.q_or_none(project="project_id", wallet="wallet_id")
    return Notice.objects.filter(within, person=person_id)


def matching(person: User, membership: Membership | None, *, event: str, unread: bool) -> QuerySet[Notice]:
    """Return the notices that a filter leaves."""
    found = inbox_of(person, membership)
    if event:
        found = found.filter(event=event)
    return found.filter(read_at=None) if unread else found


def unread_count(person: User, membership: Membership | None) -> int:
    """Return how many notices wait to be read."""
    return inbox_of(person, membership).filter(read_at=None).count()


def unread_within(person_id: UUID | Param, reach: Reach) -> QuerySet[Notice]:
    """Return the notices that wait to be read by the person, about the instance and about what is within reach."""
    return _inbox(person_id, reach).filter(read_at=None)


def notice_of(person: User, pk: UUID) -> Notice:
    """Return one of the person's own notices, or 404."""
    notice = Notice.objects.filter(person=person, pk=pk).first()
    if notice is None:
        raise Http404("no such notice")
    return notice


def mail_rules_of(person: User) -> dict[str, bool]:
    """Return for each type of event whether the person gets a mail."""
    chosen = dict(MailRule.objects.filter(person=person).values_list("event", "mail"))
    return {each.name: chosen.get(each.name, each.mail) for each in ALL}


def hooks_of(membership: Membership) -> QuerySet[Hook]:
    """Return the team's webhooks without what is sealed, with how many deliveries `failed` within a day."""
    demand_whole(membership)
    lately = timezone.now() - timedelta(days=1)
    failed = Q(deliveries__state=Delivery.State.FAILED, deliveries__ended_at__gte=lately)
    rows = Hook.objects.filter(team=membership.team_id).defer(*SECRETS)
    return rows.annotate(failed=Count("deliveries", filter=failed))


def hook_for(membership: Membership, pk: UUID) -> Hook:
    """Return one webhook of the member's team, or 404."""
    hook = Hook.objects.filter(team=membership.team_id, pk=pk).select_related("team", "known_to").first()
    if hook is None:
        raise Http404("no such webhook")
    demand_whole(membership)
    return hook


def delivery_for(membership: Membership, pk: UUID) -> Delivery:
    """Return one delivery of the member's team, or 404."""
    rows = Delivery.objects.filter(hook__team=membership.team_id, pk=pk)
    delivery = rows.select_related("hook__team").first()
    if delivery is None:
        raise Http404("no such delivery")
    demand_whole(membership)
    return delivery


def deliveries_of(hook: Hook, *, state: str = "") -> QuerySet[Delivery]:
    """Return what was sent to a webhook, newest first, without the bodies."""
    found = hook.deliveries.defer("body")
    return found.filter(state=state) if state else found


def demand_whole(membership: Membership) -> None:
    """Raise PermissionDenied for a limited member: a webhook hears of the whole team."""
    if membership.is_limited:
        said = _(
            "A webhook hears of the whole team, and you reach a part of it. %(roles)s without limits may."
        )
        raise PermissionDenied(said % {"roles": who_may(Action.HOOKS_MANAGE)})
