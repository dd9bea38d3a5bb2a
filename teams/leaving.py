"""The leaver's report: what a person can still do in a team, or knows, as every room tells it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.selectors import has_been
from core.registry import LeaverItem, leaver_sources
from teams import guards, selectors
from teams.grants import Grant
from teams.models import Membership, Session, Team, User
from teams.permissions import Action, allows

#: Entries of the record that say that somebody was in the team.
WAS_HERE = ("member.removed", "member.left", "member.erased")


@dataclass(frozen=True)
class Report:
    """One person. `open` can be ended, each piece by its own button; `kept` cannot be taken back by anybody."""

    person: User
    membership: Membership | None
    open: tuple[LeaverItem, ...]
    kept: tuple[LeaverItem, ...]

    @property
    def sentence(self) -> str:
        """The whole report in one sentence."""
        if self.open:
            count = len(self.open)
            return ngettext("%(n)s thing can still be ended.", "%(n)s things can still be ended.", count) % {
                "n": count
            }
        if self.kept:
            return _("Nothing is left that the panel could end. What they took along is listed below.")
        return _("Nothing is left. They can do nothing in this team, and took no key along.")


def leaver_or_404(team: Team, user_id: UUID) -> User:
    """Return somebody who is in the team or was; anybody else is not there."""
    person = User.objects.filter(pk=user_id).first()
    if person is None or not (_membership(team, person) or has_been(team.pk, person.pk, WAS_HERE)):
        raise Http404("no such member")
    return person


def report(viewer: Membership, person: User) -> Report:
    """Return the report as the viewer may see it: a room leaves out what is beyond their reach."""
    items = [item for source in leaver_sources for item in source(viewer, person)]
    return Report(
        person=person,
        membership=_membership(viewer.team, person),
        open=tuple(item for item in items if not item.kept),
        kept=tuple(item for item in items if item.kept),
    )


def of_teams(viewer: Membership, person: User) -> list[LeaverItem]:
    """Return what this room knows: membership, sessions, invitations that they sent."""
    membership = _membership(viewer.team, person)
    if membership is None:
        return []  # sessions and invitations of somebody who left open nothing here
    # The membership comes last: without it there would be nobody to take the rest from.
    rest = [*_invitations(viewer, membership), *_sessions(viewer, membership)]
    return [*rest, _member(viewer, membership)]


def _member(viewer: Membership, membership: Membership) -> LeaverItem:
    reach = Grant.of(membership)
    words = {
        "role": membership.get_role_display(),
        "projects": reach.project_words,
        "wallets": reach.wallet_words,
    }
    may = guards.may_touch(viewer, membership) and not guards.is_last_owner(membership)
    return LeaverItem(
        title=_("They are in the team as %(role)s") % words,
        detail=_("Reaching %(projects)s and %(wallets)s.") % words,
        icon="user",
        button=_("Remove from the team") if may else "",
        url=reverse("teams:member_remove", args=[membership.user_id]) if may else "",
    )


def _sessions(viewer: Membership, membership: Membership) -> list[LeaverItem]:
    count = Session.objects.filter(user=membership.user_id).count()
    if not count:
        return []
    said = ngettext("%(n)s browser is signed in", "%(n)s browsers are signed in", count) % {"n": count}
    may = guards.may_touch(viewer, membership)
    return [
        LeaverItem(
            title=said,
            detail=_("Their sessions end with the membership too."),
            icon="monitor",
            button=_("End the sessions") if may else "",
            url=reverse("teams:leaver_sessions", args=[membership.user_id]) if may else "",
        )
    ]


def _invitations(viewer: Membership, membership: Membership) -> list[LeaverItem]:
    """Return what they sent and could still send today."""
    roles, reach = guards.roles_to_give(membership), Grant.of(membership)
    sent = selectors.open_invitations(viewer.team).filter(invited_by=membership.user_id)
    may = allows(viewer.role, Action.MEMBERS_MANAGE)
    return [
        LeaverItem(
            title=_("They invited %(email)s") % {"email": invitation.email},
            detail=_("As %(role)s; the invitation can still be accepted.")
            % {"role": invitation.get_role_display()},
            icon="mail",
            button=_("Withdraw it") if may else "",
            url=reverse("teams:invitation_withdraw", args=[invitation.pk]) if may else "",
        )
        for invitation in sent
        if invitation.role in roles and reach.covers(Grant.of_invitation(invitation))
    ]


def _membership(team: Team, person: User) -> Membership | None:
    return Membership.objects.filter(team=team, user=person).select_related("user", "team").first()
