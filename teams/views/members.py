"""Members: the list, one member, leaving, handing the team over."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Refusal
from core.forms import refusals_in
from core.http import go
from teams import selectors, services
from teams.access import require
from teams.forms.members import ReachForm, RoleForm, TransferForm
from teams.grants import Grant
from teams.middleware import PanelRequest
from teams.models import Membership
from teams.pages import members as pages
from teams.permissions import Action
from teams.stepup import step_up


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest) -> HttpResponse:
    """List members and invitations."""
    return render(request, "teams/members.html", {"page": pages.members_page(request.membership)})


@require_safe
@require(Action.VIEW)
def detail(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show one member, and forms for what may be changed about them."""
    return _shown(request, selectors.member_or_404(request.team, pk))


@require_POST
@require(Action.MEMBERS_MANAGE)
@step_up(lambda kwargs: f"member.role/{kwargs['pk']}", gettext_lazy("change a member's role"))
def role(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Give a member another role."""
    member = selectors.member_or_404(request.team, pk)
    form = RoleForm(request.POST, actor=request.membership, member=member)
    if form.is_valid():
        with refusals_in(form):
            changed = services.change_role(
                team=request.team,
                actor=request.user,
                person=member.user,
                role=form.cleaned_data["role"],
                keep=request.session.session_key or "",
            )
            said = _("%(who)s is now %(role)s.")
            return _done(request, pk, said % {"who": member.user.label, "role": changed.get_role_display()})
    return _shown(request, member, role_form=form)


@require_POST
@require(Action.MEMBERS_MANAGE)
@step_up(lambda kwargs: f"member.scopes/{kwargs['pk']}", gettext_lazy("change what a member reaches"))
def scopes(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Limit what a member reaches, or end that."""
    member = selectors.member_or_404(request.team, pk)
    form = ReachForm(request.POST, actor=request.membership, reach=Grant.of(member))
    if form.is_valid():
        with refusals_in(form):
            changed = services.change_reach(
                team=request.team, actor=request.user, person=member.user, reach=form.reach
            )
            reach = Grant.of(changed)
            words = {"who": member.user.label, "projects": reach.project_words, "wallets": reach.wallet_words}
            return _done(request, pk, _("%(who)s reaches %(projects)s and %(wallets)s.") % words)
    return _shown(request, member, reach_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.MEMBERS_MANAGE)
@step_up(lambda kwargs: f"member.remove/{kwargs['pk']}", gettext_lazy("remove a member"))
def remove(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Ask, then take a member out of the team."""
    member = selectors.member_or_404(request.team, pk)
    page, refused = pages.member_page(request.membership, member), None
    if request.method == "POST":
        try:
            services.remove_member(team=request.team, actor=request.user, person=member.user)
            messages.success(request, _("%(who)s is no longer in the team.") % {"who": member.user.label})
            return go(request, reverse("teams:leaving", args=[pk]))
        except Refusal as refusal:
            refused = refusal.fault.as_dict()
    context = {"page": page, "error": refused}
    return render(request, "teams/remove.html", context, status=409 if refused else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.VIEW)
def leave(request: PanelRequest) -> HttpResponse:
    """Ask, then let the person go."""
    page, refused = pages.member_page(request.membership, request.membership), None
    if request.method == "POST":
        try:
            services.leave_team(team=request.team, person=request.user)
            messages.success(request, _("You have left %(team)s.") % {"team": request.team.name})
            return go(request, reverse("home:home"))
        except Refusal as refusal:
            refused = refusal.fault.as_dict()
    context = {"page": page, "error": refused}
    return render(request, "teams/leave.html", context, status=409 if refused else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.OWNERS_MANAGE)
@step_up("team.transfer", gettext_lazy("hand the team over"))
def transfer(request: PanelRequest) -> HttpResponse:
    """Choose who becomes owner, and what one stays."""
    others = selectors.members_below_owner(request.team)
    form = TransferForm(request.POST or None, members=others)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            return _transferred(request, form)
    return render(request, "teams/transfer.html", {"form": form, "others": others})


def _transferred(request: PanelRequest, form: TransferForm) -> HttpResponse:
    person = selectors.member_or_404(request.team, form.cleaned_data["person"]).user
    services.transfer(
        team=request.team,
        actor=request.user,
        person=person,
        stay_as=form.cleaned_data["stay_as"],
        keep=request.session.session_key or "",
    )
    said = _("%(who)s is now an owner of %(team)s.")
    messages.success(request, said % {"who": person.label, "team": request.team.name})
    return go(request, reverse("teams:members"))


def _shown(
    request: PanelRequest,
    member: Membership,
    *,
    role_form: RoleForm | None = None,
    reach_form: ReachForm | None = None,
) -> HttpResponse:
    """Show the member's page; a form that was refused comes back with its errors."""
    actor = request.membership
    context = {
        "page": pages.member_page(actor, member),
        "role_form": role_form or RoleForm(actor=actor, member=member),
        "reach_form": reach_form or ReachForm(actor=actor, reach=Grant.of(member)),
    }
    return render(request, "teams/member.html", context)


def _done(request: PanelRequest, pk: UUID, said: str) -> HttpResponse:
    messages.success(request, said)
    return go(request, reverse("teams:member", args=[pk]))
