"""Inviting, and accepting. A token lives for a day, works once, and is known to the invited person only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import Subject, record
from core import letters
from core.errors import Refusal
from core.letters import Letter
from teams import guards, selectors
from teams.grants import EVERYTHING, Grant, as_json, write
from teams.models import Invitation, Membership, Role, Team, User
from teams.tokens import Token

LIFETIME = timedelta(hours=24)


@dataclass(frozen=True)
class Sent:
    """An invitation on its way. `link` is empty when a mail carries it; else it is shown once, and kept nowhere."""

    invitation: Invitation
    link: str = field(repr=False)


def invite(*, team: Team, actor: User, email: str, role: str, reach: Grant) -> Sent:
    """Invite an address to the team. Raises Refusal for members, and while an invitation waits already."""
    email, token = email.strip().lower(), Token.fresh()
    with transaction.atomic():
        guards.lock(team)
        own = guards.manager(team, actor)
        guards.require_role(own, role)
        reach = EVERYTHING if role == Role.OWNER else reach
        guards.require_reach(own, reach)
        _require_new(team, email)
        invitation = Invitation.objects.create(
            team=team,
            email=email,
            role=role,
            project_ids=as_json(reach.projects),
            wallet_ids=as_json(reach.wallets),
            token_digest=token.digest,
            invited_by=actor,
            expires_at=timezone.now() + LIFETIME,
        )
        sent = _send(invitation, token)
        _record("invitation.made", invitation, actor, role=role, mailed=not sent.link)
    return sent


def _require_new(team: Team, email: str) -> None:
    if Membership.objects.filter(team=team, user__email__iexact=email).exists():
        raise Refusal("IS_MEMBER", _("Somebody with this address is in the team already."), field="email")
    if selectors.open_invitations(team).filter(email=email).exists():
        said = _("This address is invited already. Send that invitation again, or withdraw it first.")
        raise Refusal("IS_INVITED", said, field="email")


def send_again(*, team: Team, actor: User, pk: UUID) -> Sent:
    """Give an invitation a new token and another day; the old link is over."""
    token = Token.fresh()
    with transaction.atomic():
        invitation = _waiting(team, actor, pk)
        invitation.token_digest, invitation.invited_by = token.digest, actor
        invitation.expires_at = timezone.now() + LIFETIME
        invitation.save(update_fields=["token_digest", "invited_by", "expires_at"])
        sent = _send(invitation, token)
        _record("invitation.sent_again", invitation, actor, mailed=not sent.link)
    return sent


def withdraw(*, team: Team, actor: User, pk: UUID) -> Invitation:
    """End an invitation that nobody has accepted."""
    with transaction.atomic():
        invitation = _waiting(team, actor, pk)
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at"])
        _record("invitation.withdrawn", invitation, actor)
    return invitation


def _waiting(team: Team, actor: User, pk: UUID) -> Invitation:
    """Return an invitation that the actor may still change, expired ones too, or refuse."""
    guards.lock(team)
    own = guards.manager(team, actor)
    invitation = selectors.unanswered_invitations(team).filter(pk=pk).first()
    if invitation is None:
        raise Refusal("INVITATION_OVER", _("This invitation was accepted or withdrawn. Load the page again."))
    guards.require_role(own, invitation.role)
    guards.require_reach(own, Grant.of_invitation(invitation))
    return invitation


def accept(*, token: str, user: User) -> Membership:
    """Make the signed-in person a member. Raises Refusal for everybody whom the invitation does not name."""
    with transaction.atomic():
        invitation = _taken(token)
        if user.email != invitation.email:
            raise Refusal("NOT_YOURS", _("This invitation is for another address. Sign in with that one."))
        return _join(invitation, user)


def accept_as_new(*, token: str, name: str, password: str) -> User:
    """Make an account for the invited address, and a member of it. The form has judged the password."""
    with transaction.atomic():
        invitation = _taken(token)
        if User.objects.filter(email=invitation.email).exists():
            raise Refusal("HAS_ACCOUNT", _("This address has an account already. Sign in to accept."))
        user = User.objects.create_user(invitation.email, password, name=name)
        record(
            "user.created", team_id=None, actor=user.actor, subject=Subject("user", str(user.pk), user.label)
        )
        _join(invitation, user)
    return user


def _taken(token: str) -> Invitation:
    """Use the token up: of two who hold it, one gets the row. Undone with the transaction."""
    invitation = selectors.invitation_by_token(token)
    if invitation is not None:
        guards.lock(invitation.team)
        still = Invitation.objects.filter(pk=invitation.pk, token_digest=invitation.token_digest)
        still = still.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
        if still.update(accepted_at=timezone.now()):
            return invitation
    raise not_valid()


def not_valid() -> Refusal:
    """Return the one answer for wrong, expired, used and withdrawn tokens."""
    said = _("This invitation is not valid any more. Ask whoever invited you for a new one.")
    return Refusal("INVITATION_NOT_VALID", said)


def _join(invitation: Invitation, user: User) -> Membership:
    if Membership.objects.filter(team=invitation.team, user=user).exists():
        raise Refusal("IS_MEMBER", _("You are in this team already."))
    membership = Membership.objects.create(team=invitation.team, user=user, role=invitation.role)
    write(membership, Grant.of_invitation(invitation))
    _record("invitation.accepted", invitation, user, role=invitation.role)
    return membership


def _send(invitation: Invitation, token: Token) -> Sent:
    """Hand the letter over; without a carrier the link goes back to the inviting person."""
    link = settings.PANEL_URL + reverse("teams:invitation", args=[token.text])
    team, who = invitation.team, invitation.invited_by.label
    text = _(
        "%(who)s invites you to the team %(team)s as %(role)s.\n\n"
        "Open this link within 24 hours to accept. It works once, for this address only:\n\n%(link)s\n\n"
        "If you expected no invitation, do nothing: without the link nobody gets in.\n"
    ) % {"who": who, "team": team.name, "role": invitation.get_role_display(), "link": link}
    subject = _("Invitation to the team %(team)s") % {"team": team.name}
    mailed = letters.post(Letter(to=invitation.email, subject=subject, text=text, team_id=team.pk))
    return Sent(invitation, "" if mailed else link)


def _record(action: str, invitation: Invitation, actor: User, **details: object) -> None:
    subject = Subject("invitation", str(invitation.pk), invitation.email)
    record(action, team_id=invitation.team_id, actor=actor.actor, subject=subject, details=details)
