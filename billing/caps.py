"""Limits in words: what a cap is about, and in which window."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import CharField, F, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.models import Project
from projects.selectors import current, projects_of
from teams.models import Membership, Team
from teams.reach import Reach
from wallets.limits import KIND, MEMBER, PROJECT, Cap
from wallets.models import Payment

#: What each window is called on its own.
WINDOWS: dict[str, Promise] = {
    "payment": gettext_lazy("Each payment"),
    "day": gettext_lazy("In 24 hours"),
    "week": gettext_lazy("In 7 days"),
    "month": gettext_lazy("In 30 days"),
}
#: What this version pays for, and so limits by kind.
PAYABLE = (Payment.Cost.TIER, Payment.Cost.JOB, Payment.Cost.OTHER)
Names = dict[tuple[str, str], str]


def names_of(team: Team, reach: Reach) -> Names:
    """Return the members, projects and kinds that can have a limit of their own, by (about, key), each in words."""
    members = (
        Membership.objects.filter(team=team).select_related("user").order_by("user__name", "user__email")
    )
    projects = current(reach).exclude(state=Project.State.FAILED).order_by("name")
    return {
        **{(KIND, str(cost)): str(cost.label) for cost in PAYABLE},
        **{(MEMBER, str(member.user_id)): member.user.label for member in members},
        **{(PROJECT, str(project.pk)): project.name for project in projects},
    }


def names_for(caps: Collection[Cap], team: Team, reach: Reach) -> Names:
    """Return the names that these caps need, in one query or none; a project out of reach has none."""
    wanted = {about: [UUID(cap.key) for cap in caps if cap.about == about] for about in (MEMBER, PROJECT)}
    kinds = {(KIND, str(cost)): str(cost.label) for cost in Payment.Cost}
    if not any(wanted.values()):
        return kinds
    name = Coalesce(NullIf("user__name", Value("")), "user__email", output_field=CharField())
    members = Membership.objects.filter(team=team, user__in=wanted[MEMBER]).order_by()
    projects = projects_of(reach).filter(pk__in=wanted[PROJECT]).order_by()
    rows = members.annotate(about=Value(MEMBER), label=name).values_list("about", "user_id", "label")
    more = projects.annotate(about=Value(PROJECT), label=F("name")).values_list("about", "pk", "label")
    return kinds | {(about, str(key)): label for about, key, label in rows.union(more, all=True)}


def title(cap: Cap, names: Names) -> str:
    """Return what a cap limits, as the beginning of a row."""
    window = str(WINDOWS.get(cap.window, cap.window))
    words = window if not cap.key else f"{names.get((cap.about, cap.key)) or _unnamed(cap)}: {window.lower()}"
    return _("Real money, %(what)s") % {"what": words.lower()} if cap.money == "real" else words


def _unnamed(cap: Cap) -> str:
    """Return what is said of who left, or of what is out of reach or in no version of this panel any more."""
    unnamed = {MEMBER: _("A former member"), PROJECT: _("Another project")}
    return unnamed.get(cap.about, cap.key)


def titles(team: Team, caps: Iterable[Cap]) -> dict[Cap, str]:
    """Return the titles of caps for somebody who sees all of the team."""
    names = names_of(team, Reach(team.pk))
    return {cap: title(cap, names) for cap in caps}


def parse(choice: str) -> tuple[str, str]:
    """Return (about, key) of a choice such as `project:<id>`. Raises ValueError."""
    about, _sign, key = choice.partition(":")
    if about in (MEMBER, PROJECT):
        return about, str(UUID(key))
    return about, key
