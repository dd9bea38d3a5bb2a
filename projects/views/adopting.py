"""Adopting projects that the CLI made: the file first, then what of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from core.errors import Refusal
from core.http import go
from core.uploads import uploads_stay_in_memory, was_dropped
from operations.models import Operation
from projects import adopting
from projects.adopt_forms import ChosenForm, FileForm, by_id
from projects.adopting import Offer
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action, allows
from teams.reach import Level
from wallets.models import Wallet
from wallets.selectors import wallets_of


@never_cache
@uploads_stay_in_memory
@sensitive_post_parameters("text", "offer")
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.PROJECT_CREATE)
def adopt(request: PanelRequest) -> HttpResponse:
    """Take the file, show what is in it, and have a worker look at what was chosen."""
    wallets = _wallets(request)
    if request.method == "POST" and "offer" in request.POST:
        return _chosen(request, wallets)
    initial = {"wallet": request.GET.get("wallet") or next(iter(by_id(wallets)), "")}
    form = FileForm(
        request.POST or None,
        request.FILES or None,
        wallets=wallets,
        reach=request.membership.reach,
        dropped=was_dropped(request),
        initial=initial,
    )
    if request.method == "POST" and form.is_valid():
        return _preview(request, form.cleaned_data["offer"])
    return _ask(request, form, wallets)


def _wallets(request: PanelRequest) -> list[Wallet]:
    """Return the wallets whose projects the member can adopt: those that they may spend from."""
    found = wallets_of(request.membership.reach).filter(state=Wallet.State.READY, gateway__enabled=True)
    found = found.exclude(pk__in=request.membership.shares.below(Level.SPEND))
    return [wallet for wallet in found.order_by("label") if adopting.takes(wallet.gateway)]


def _ask(
    request: PanelRequest, form: FileForm, wallets: list[Wallet], refused: Refusal | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "any": bool(wallets),
        "may_make_wallets": allows(request.membership.role, Action.WALLET_MANAGE),
        "refused": refused.fault.as_dict() if refused else None,
    }
    return render(request, "projects/adopt.html", context, status=422 if form.errors or refused else 200)


def _preview(request: PanelRequest, offer: Offer, error: str = "") -> HttpResponse:
    signed = adopting.signed(offer, request.user)
    context = {"page": offer, "signed": signed, "error": error}
    return render(request, "projects/adopt_preview.html", context, status=422 if error else 200)


def _chosen(request: PanelRequest, wallets: list[Wallet]) -> HttpResponse:
    try:
        offer = adopting.opened(request.POST["offer"], request.user, by_id(wallets))
    except Refusal as refusal:
        empty = FileForm(wallets=wallets, reach=request.membership.reach)
        return _ask(request, empty, wallets, refusal)
    form = ChosenForm(request.POST, offer=offer)
    chosen = form.cleaned_data["project"] if form.is_valid() else []
    try:
        begun = adopting.adopt(offered=offer, chosen=chosen, team=request.team, actor=request.user)
    except Refusal as refusal:
        return _preview(request, offer, refusal.fault.message)
    return _begun(request, begun)


def _begun(request: PanelRequest, begun: list[Operation]) -> HttpResponse:
    if len(begun) == 1:
        return go(request, begun[0].subject_url)
    said = ngettext(
        "A worker looks at %(count)s project now.", "A worker looks at %(count)s projects now.", len(begun)
    )
    messages.info(request, said % {"count": len(begun)})
    return go(request, reverse("projects:list"))
