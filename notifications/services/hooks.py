"""Webhooks of a team: each change is recorded, and told to the owners where it lets events out."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import Subject, record
from core import happenings
from core.errors import Refusal
from core.happenings import Happening
from core.outgoing import Guard
from notifications.bodies import body_of
from notifications.events import FOR_HOOKS
from notifications.models import Delivery, Hook
from notifications.telling import DELIVER
from operations import wake
from operations.registry import SYNC
from teams.models import Team, User
from teams.permissions import Action, NotAllowed, still_allowed
from wallets import vault
from wallets.vault import Context

MOST = 20
SECRET_BYTES = 32


@dataclass(frozen=True)
class HookDraft:
    """What a person fills in. `url` empty keeps the address there is."""

    name: str
    events: tuple[str, ...]
    form: str = Hook.Form.SIGNED
    url: str = field(default="", repr=False)


def add_hook(*, team: Team, actor: User, draft: HookDraft) -> tuple[Hook, str]:
    """Add a webhook; return it with its secret, which is kept sealed only (empty for chats, which check none).

    Raises Refusal for an address that the panel does not call, and when there are too many.
    """
    _require(team, actor)
    with transaction.atomic():
        if Hook.objects.filter(team=team).count() >= MOST:
            raise Refusal("TOO_MANY_HOOKS", _("A team has 20 webhooks at most. Remove one first."))
        hook = Hook(team=team, form=draft.form, created_by=actor, known_to=actor)
        _fill(hook, draft)
        _place(hook, draft.url)
        secret = _seal_secret(hook) if hook.form == Hook.Form.SIGNED else ""
        hook.save(force_insert=True)
        _record("hook.added", hook, actor)
        _tell_owners(hook, actor, _("%(who)s added the webhook “%(name)s”"))
    return hook, secret


def change_hook(*, hook: Hook, actor: User, draft: HookDraft) -> None:
    """Give it another name, other events, another address. Raises Refusal like `add_hook`."""
    _require(hook.team, actor)
    with transaction.atomic():
        _fill(hook, draft)
        fields = ["name", "events"]
        if draft.url:
            _place(hook, draft.url)
            hook.known_to, hook.held_until = actor, None
            fields += ["address", "url_sealed", "known_to", "held_until"]
        hook.save(update_fields=fields)
        _record("hook.changed", hook, actor)
        if draft.url:
            _tell_owners(hook, actor, _("%(who)s gave the webhook “%(name)s” another address"))


def new_secret(*, hook: Hook, actor: User) -> str:
    """Replace the secret; what is sent from now on is signed with the new one. Return it: it is kept sealed only."""
    _require(hook.team, actor)
    if hook.form != Hook.Form.SIGNED:
        raise Refusal(
            "NO_SECRET", _("Chats check no signature. Their address is the secret: give a new one.")
        )
    with transaction.atomic():
        secret = _seal_secret(hook)
        hook.known_to = actor
        hook.save(update_fields=["secret_sealed", "known_to"])
        _record("hook.secret_replaced", hook, actor)
    return secret


def switch_hook(*, hook: Hook, actor: User, on: bool) -> None:
    """Turn it on, or off: then what waits to be sent is given up."""
    _require(hook.team, actor)
    with transaction.atomic():
        if not Hook.objects.filter(pk=hook.pk, on=not on).update(
            on=on, held_until=None, off_since_restore=None
        ):
            return
        if not on:
            waiting = Delivery.objects.filter(hook=hook, state=Delivery.State.QUEUED)
            said = _("The webhook was turned off.")
            waiting.update(state=Delivery.State.FAILED, error=said, ended_at=timezone.now())
        _record("hook.turned_on" if on else "hook.turned_off", hook, actor)


def remove_hook(*, hook: Hook, actor: User) -> None:
    """Remove it with its log."""
    _require(hook.team, actor)
    with transaction.atomic():
        _record("hook.removed", hook, actor)
        hook.delete()


def send_test(*, hook: Hook, actor: User) -> Delivery:
    """Send one message that says it is a test. Raises Refusal for a webhook that is off."""
    _require(hook.team, actor)
    _require_on(hook)
    pk = uuid.uuid4()
    title = _("Test by %(who)s") % {"who": actor.label}
    text = _("Nothing happened. This webhook works.")
    happening = Happening("test", str(hook.pk), str(pk), title, text=text, url=_page(hook))
    with transaction.atomic():
        Hook.objects.filter(pk=hook.pk).update(held_until=None)
        delivery = Delivery.objects.create(
            id=pk,
            hook=hook,
            event="test",
            object_id=happening.object_id,
            occurrence=happening.occurrence,
            title=title[:200],
            body=body_of(happening, hook, pk),
        )
        transaction.on_commit(lambda: wake.post(DELIVER, SYNC))
    return delivery


def resend(*, delivery: Delivery, actor: User) -> None:
    """Send it once more, under the same id. Raises Refusal while it is still under way, or the webhook is off."""
    hook = delivery.hook
    _require(hook.team, actor)
    _require_on(hook)
    with transaction.atomic():
        ended = Delivery.objects.filter(pk=delivery.pk).exclude(state=Delivery.State.QUEUED)
        if not ended.update(
            state=Delivery.State.QUEUED, attempts=0, not_before=timezone.now(), error="", ended_at=None
        ):
            raise Refusal("UNDER_WAY", _("It is being sent already. Look again in a moment."))
        Hook.objects.filter(pk=hook.pk).update(held_until=None)
        _record("hook.sent_again", hook, actor, delivery=str(delivery.pk))
        transaction.on_commit(lambda: wake.post(DELIVER, SYNC))


def url_of(hook: Hook) -> Context:
    """Return where a webhook's address is sealed to."""
    return Context("notifications_hook", str(hook.pk), "url")


def secret_of(hook: Hook) -> Context:
    """Return where a webhook's secret is sealed to."""
    return Context("notifications_hook", str(hook.pk), "secret")


def _fill(hook: Hook, draft: HookDraft) -> None:
    hook.name = draft.name
    hook.events = [each.name for each in FOR_HOOKS if each.name in draft.events]


def _place(hook: Hook, url: str) -> None:
    """Seal the address, and keep of it in clear what tells it from others: the host."""
    target = Guard().check(url)
    hook.address = (
        target.origin.removesuffix(f":{target.port}") if target.port in (80, 443) else target.origin
    )
    hook.url_sealed = vault.seal(url.encode(), url_of(hook))


def _seal_secret(hook: Hook) -> str:
    secret = f"whsec_{secrets.token_urlsafe(SECRET_BYTES)}"
    hook.secret_sealed = vault.seal(secret.encode(), secret_of(hook))
    return secret


def _require(team: Team, actor: User) -> None:
    if not still_allowed(actor, team, Action.HOOKS_MANAGE):
        raise NotAllowed


def _require_on(hook: Hook) -> None:
    if not hook.on:
        raise Refusal("HOOK_OFF", _("The webhook is off. Turn it on first."))


def _record(action: str, hook: Hook, actor: User, **details: str) -> None:
    subject = Subject("hook", str(hook.pk), hook.name)
    about = {"form": hook.form, "address": hook.address, **details}
    record(action, team_id=hook.team_id, actor=actor.actor, subject=subject, details=about)


def _tell_owners(hook: Hook, actor: User, said: str) -> None:
    happening = Happening(
        "security",
        object_id=str(hook.pk),
        occurrence=str(uuid.uuid4()),
        title=said % {"who": actor.label, "name": hook.name},
        text=_("It hears of events of the team at %(address)s.") % {"address": hook.address},
        url=_page(hook),
        team_id=hook.team_id,
    )
    happenings.tell(happening)


def _page(hook: Hook) -> str:
    return reverse("notifications:hook", args=[hook.pk])
