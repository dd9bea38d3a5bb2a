"""Inviting people, and the page on which the invited person accepts."""

from __future__ import annotations

from uuid import UUID

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Refusal
from core.forms import refusals_in
from core.http import go
from teams import selectors, services
from teams.access import public, require
from teams.forms.invitations import NewAccountForm
from teams.forms.members import InviteForm
from teams.grants import Grant
from teams.limits import limited
from teams.middleware import SESSION_KEY, PanelRequest
from teams.models import Invitation, User
from teams.permissions import Action
from teams.services import Sent
from teams.stepup import step_up


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.MEMBERS_MANAGE)
@step_up("member.invite", gettext_lazy("invite somebody"))
def invite(request: PanelRequest) -> HttpResponse:
    """Invite an address. Without mail, the answer shows the link once."""
    form = InviteForm(request.POST or None, actor=request.membership)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            sent = services.invite(
                team=request.team,
                actor=request.user,
                email=form.cleaned_data["email"],
                role=form.cleaned_data["role"],
                reach=form.reach,
            )
            return _sent(request, sent)
    return render(request, "teams/invite.html", {"form": form})


@never_cache
@require_POST
@require(Action.MEMBERS_MANAGE)
@step_up("member.invite", gettext_lazy("invite somebody"))
def again(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Give an invitation a new link."""
    known = selectors.invitation_or_404(request.team, pk)
    try:
        return _sent(request, services.send_again(team=request.team, actor=request.user, pk=known.pk))
    except Refusal as refusal:
        return _refused(request, refusal)


@require_POST
@require(Action.MEMBERS_MANAGE)
def withdraw(request: PanelRequest, pk: UUID) -> HttpResponse:
    """End an invitation."""
    known = selectors.invitation_or_404(request.team, pk)
    try:
        gone = services.withdraw(team=request.team, actor=request.user, pk=known.pk)
    except Refusal as refusal:
        return _refused(request, refusal)
    messages.success(request, _("The invitation of %(email)s is over.") % {"email": gone.email})
    return go(request, reverse("teams:members"))


def _sent(request: PanelRequest, sent: Sent) -> HttpResponse:
    """Say that a mail is on its way; or show the link in this very answer, which nothing keeps."""
    if sent.link:
        reach = Grant.of_invitation(sent.invitation)
        return render(request, "teams/invited.html", {"sent": sent, "reach": reach})
    messages.success(request, _("A mail to %(email)s is on its way.") % {"email": sent.invitation.email})
    return go(request, reverse("teams:members"))


def _refused(request: PanelRequest, refusal: Refusal) -> HttpResponse:
    messages.error(request, refusal.fault.message)
    return go(request, reverse("teams:members"))


@public("An invited person has no account yet; the token in the address is what lets them in.")
@never_cache
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
@limited("invitation")
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation; accept it by POST only, since mail scanners open links."""
    invitation = selectors.invitation_by_token(token)
    if invitation is None:
        return _answer(request, "teams/not_valid.html", {}, status=404)
    user = request.user if isinstance(request.user, User) else None
    if user is not None:
        return _as_member(request, invitation, token, user)
    if selectors.has_account(invitation.email):
        return _answer(request, "teams/accept.html", {"invitation": invitation, "sign_in": True})
    return _as_new(request, invitation, token)


def _as_member(request: HttpRequest, invitation: Invitation, token: str, user: User) -> HttpResponse:
    """Let the person whom the invitation names accept; tell anybody else whom it names."""
    other = user.email != invitation.email
    context: dict[str, object] = {"invitation": invitation, "other": user.email if other else ""}
    if request.method == "POST" and not other:
        try:
            membership = services.accept(token=token, user=user)
        except Refusal as refusal:
            return _answer(
                request, "teams/accept.html", {**context, "error": refusal.fault.as_dict()}, status=409
            )
        request.session[SESSION_KEY] = str(membership.team_id)
        messages.success(request, _("Welcome to %(team)s.") % {"team": invitation.team.name})
        return go(request, reverse("home:home"))
    return _answer(request, "teams/accept.html", context)


def _as_new(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    """Make the account from name and password, and sign it in."""
    form = NewAccountForm(request.POST or None, invitation=invitation)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            data = form.cleaned_data
            user = services.accept_as_new(token=token, name=data["name"], password=data["password1"])
            record_authentication(request, user, method="password", email=user.email)
            messages.success(request, _("Welcome to %(team)s.") % {"team": invitation.team.name})
            response: HttpResponse = perform_login(
                request, user, email_verification="none", redirect_url=reverse("home:home")
            )
            return response
    return _answer(request, "teams/accept.html", {"invitation": invitation, "form": form})


def _answer(
    request: HttpRequest, template: str, context: dict[str, object], status: int = 200
) -> HttpResponse:
    """Render a page whose address holds a token: pages that it leads to are told its origin only."""
    response = render(request, template, context, status=status)
    response["Referrer-Policy"] = "strict-origin"
    return response
