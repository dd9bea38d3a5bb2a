"""The team's webhooks and what was sent to them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Refusal
from core.forms import refusals_in
from core.http import go, safe_next
from notifications import pages, selectors, services
from notifications.forms import DeliveryFilter, HookForm
from notifications.models import Hook
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from teams.stepup import step_up

#: What may be kept of a form while its person confirms who they are: not the address, which may hold a token.
CARRIED = ("name", "kind", "events")


@require_safe
@require(Action.HOOKS_MANAGE)
def hooks(request: PanelRequest) -> HttpResponse:
    """List the webhooks."""
    rows = pages.hook_rows(selectors.hooks_of(request.membership))
    return render(request, "notifications/hooks.html", {"rows": rows})


@never_cache
@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.HOOKS_MANAGE)
@step_up("hook.add", gettext_lazy("add a webhook"), carry=CARRIED)
def new(request: PanelRequest) -> HttpResponse:
    """Add a webhook; the answer shows its secret once."""
    selectors.demand_whole(request.membership)
    form = HookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            hook, secret = services.add_hook(team=request.team, actor=request.user, draft=form.draft)
            if secret:
                return _secret(request, hook, secret)
            messages.success(request, _("The webhook is there. Send a test to see that it works."))
            return _to(request, hook)
    return render(request, "notifications/hook_form.html", {"form": form})


@require_safe
@require(Action.HOOKS_MANAGE)
def hook(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show one webhook and its log."""
    form = DeliveryFilter(request.GET)
    found = selectors.hook_for(request.membership, pk)
    page = pages.hook_page(found, request.GET.get("page", ""), state=form.value("state"))
    template = (
        "notifications/_delivery_log.html" if request.headers.get("HX-Request") else "notifications/hook.html"
    )
    return render(request, template, {"page": page, "form": form})


@never_cache
@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.HOOKS_MANAGE)
@step_up(lambda kwargs: f"hook.change/{kwargs['pk']}", gettext_lazy("change a webhook"), carry=CARRIED)
def change(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Give it another name, address or other events."""
    found = selectors.hook_for(request.membership, pk)
    form = HookForm(request.POST or None, hook=found)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            services.change_hook(hook=found, actor=request.user, draft=form.draft)
            messages.success(request, _("Changed. Send a test to see that it works."))
            return _to(request, found)
    return render(request, "notifications/hook_form.html", {"form": form, "hook": found})


@never_cache
@require_POST
@require(Action.HOOKS_MANAGE)
@step_up(lambda kwargs: f"hook.change/{kwargs['pk']}", gettext_lazy("change a webhook"))
def secret(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Replace the secret; the answer shows the new one once."""
    found = selectors.hook_for(request.membership, pk)
    try:
        return _secret(request, found, services.new_secret(hook=found, actor=request.user))
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
        return _to(request, found)


@require_POST
@require(Action.HOOKS_MANAGE)
def on(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Turn it on."""
    found = selectors.hook_for(request.membership, pk)
    services.switch_hook(hook=found, actor=request.user, on=True)
    messages.success(request, _("The webhook is on."))
    return _to(request, found)


@require_POST
@require(Action.HOOKS_MANAGE)
def off(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Turn it off."""
    found = selectors.hook_for(request.membership, pk)
    services.switch_hook(hook=found, actor=request.user, on=False)
    messages.success(request, _("The webhook is off. Nothing is sent to it."))
    return go(request, safe_next(request, reverse("notifications:hook", args=[found.pk])))


@require_POST
@require(Action.HOOKS_MANAGE)
@step_up(lambda kwargs: f"hook.change/{kwargs['pk']}", gettext_lazy("remove a webhook"))
def remove(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Remove it with its log."""
    found = selectors.hook_for(request.membership, pk)
    services.remove_hook(hook=found, actor=request.user)
    messages.success(request, _("The webhook %(name)s is gone.") % {"name": found.name})
    return go(request, reverse("notifications:hooks"))


@require_POST
@require(Action.HOOKS_MANAGE)
def test(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Send one message that says it is a test."""
    found = selectors.hook_for(request.membership, pk)
    try:
        services.send_test(hook=found, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    else:
        messages.success(request, _("The test is on its way. The log says in a moment how it went."))
    return _to(request, found)


@require_POST
@require(Action.HOOKS_MANAGE)
def resend(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Send a delivery once more."""
    delivery = selectors.delivery_for(request.membership, pk)
    try:
        services.resend(delivery=delivery, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    else:
        messages.success(request, _("On its way again, under the same id."))
    return _to(request, delivery.hook)


def _secret(request: PanelRequest, hook: Hook, secret: str) -> HttpResponse:
    """Show the secret in this very answer; in clear it is kept nowhere."""
    response = render(request, "notifications/hook_secret.html", {"hook": hook, "secret": secret})
    response["Cache-Control"] = "no-store"
    return response


def _to(request: PanelRequest, hook: Hook) -> HttpResponse:
    return go(request, reverse("notifications:hook", args=[hook.pk]))
