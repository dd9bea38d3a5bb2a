"""From what happened to rows: a notice for each person, a mail where they want one, a delivery for each webhook.

Nothing leaves here; workers send. Each row has a unique key, so that whoever tells the same again adds nothing.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from core import letters
from core.happenings import Happening
from core.letters import Letter
from notifications.bodies import body_of
from notifications.events import EVENTS
from notifications.models import Delivery, Hook, MailRule, Notice
from operations import wake
from operations.registry import SYNC
from teams.models import Membership, User
from teams.permissions import allows

DELIVER = "notifications.deliver"


def tell(happening: Happening) -> None:
    """Write what there is to tell, within the caller's transaction."""
    people = audience(happening)
    wants = _wants_mail(happening, people)
    for person in people:
        if _notice(happening, person) and person.pk in wants:
            letters.post(_letter(happening, person))
    if happening.team_id and EVENTS[happening.event].hooks:
        _deliveries(happening, happening.team_id)


def audience(happening: Happening) -> list[User]:
    """Return who is to hear of it: who is named, or has the right that the type asks for, and who reaches it."""
    if happening.team_id is None:
        return list(User.objects.filter(is_operator=True, is_active=True))
    found = Membership.objects.filter(team_id=happening.team_id, user__is_active=True).select_related(
        "user", "team"
    )
    if happening.people is not None:
        found = found.filter(user__in=happening.people)
    return [each.user for each in found if _is_for(happening, each)]


def _is_for(happening: Happening, member: Membership) -> bool:
    action = EVENTS[happening.event].action
    if happening.people is None and action is not None and not allows(member.role, action):
        return False
    return member.reach.covers(happening.project_id, happening.wallet_id)


def _wants_mail(happening: Happening, people: list[User]) -> set[uuid.UUID]:
    if happening.mailed:
        return set()
    default = EVENTS[happening.event].mail
    rules = dict(
        MailRule.objects.filter(person__in=people, event=happening.event).values_list("person_id", "mail")
    )
    return {person.pk for person in people if rules.get(person.pk, default)}


def _notice(happening: Happening, person: User) -> bool:
    """Write one; say whether it is new."""
    _row, new = Notice.objects.get_or_create(
        person=person,
        event=happening.event,
        object_id=happening.object_id,
        occurrence=happening.occurrence,
        defaults={
            "team_id": happening.team_id,
            "title": happening.title[:200],
            "text": " ".join(filter(None, (happening.text, happening.detail)))[:500],
            "url": happening.url[:200],
            "project_id": happening.project_id,
            "wallet_id": happening.wallet_id,
        },
    )
    return new


def _letter(happening: Happening, person: User) -> Letter:
    """Return the mail: title, text and where to look; details stay inside."""
    why = _("You get this mail because of your rules: %(url)s") % {
        "url": settings.PANEL_URL + reverse("notifications:rules")
    }
    look = settings.PANEL_URL + happening.url if happening.url else ""
    text = "\n\n".join(filter(None, (happening.title, happening.text, look, why))) + "\n"
    return Letter(to=person.email, subject=happening.title, text=text, team_id=happening.team_id)


def _deliveries(happening: Happening, team_id: uuid.UUID) -> None:
    hooks = Hook.objects.filter(team_id=team_id, on=True).select_related("team")
    new = [_delivery(happening, hook) for hook in hooks if happening.event in hook.events]
    if any(new):
        transaction.on_commit(lambda: wake.post(DELIVER, SYNC))


def _delivery(happening: Happening, hook: Hook) -> bool:
    pk = uuid.uuid4()
    _row, new = Delivery.objects.get_or_create(
        hook=hook,
        event=happening.event,
        object_id=happening.object_id,
        occurrence=happening.occurrence,
        defaults={"id": pk, "title": happening.title[:200], "body": body_of(happening, hook, pk)},
    )
    return new
