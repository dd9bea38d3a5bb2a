"""The first minutes: five steps from nothing to a live site, each with its state, and one button for the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.prices import price_of
from home.account import Account
from operations.models import Operation, State
from projects.payers import Lease
from teams.models import Membership
from teams.permissions import Action, allows, who_may

FIRST_TIER = "prototype"
DONE, NOW, RUNNING, WAITING, LATER = "done", "now", "running", "waiting", "later"


@dataclass(frozen=True)
class Step:
    """One step. `url` leads to what does it, by POST where `posts`; `operation` does it right now."""

    title: str
    text: str
    state: str
    button: str = ""
    url: str = ""
    posts: bool = False
    who: str = ""
    operation: Operation | None = None


@dataclass(frozen=True)
class Plan:
    """A step before its place among the others is known."""

    title: str
    text: str
    done: bool
    button: str
    action: Action
    kinds: tuple[str, ...]
    url: Callable[[], str]
    posts: bool = False


def steps(account: Account, membership: Membership) -> tuple[Step, ...]:
    """Return the five steps; none once something has gone live."""
    if account.has_gone_live:
        return ()
    shown: list[Step] = []
    for plan in _plans(account):
        before = all(step.state == DONE for step in shown)
        shown.append(_step(plan, account, membership, is_next=before))
    return tuple(shown)


def _step(plan: Plan, account: Account, membership: Membership, *, is_next: bool) -> Step:
    if plan.done:
        return Step(plan.title, plan.text, DONE)
    operation = account.under_way(*plan.kinds)
    if operation is not None:
        state = WAITING if operation.state == State.WAITING else RUNNING
        return Step(plan.title, plan.text, state, operation=operation)
    if not is_next:
        return Step(plan.title, plan.text, LATER)
    if not allows(membership.role, plan.action):
        return Step(plan.title, plan.text, NOW, who=who_may(plan.action))
    return Step(plan.title, plan.text, NOW, button=plan.button, url=plan.url(), posts=plan.posts)


def _plans(account: Account) -> tuple[Plan, ...]:
    return (_wallet(account), _faucet(account), _tier(account), _project(account), _deploy(account))


def _wallet(account: Account) -> Plan:
    ready = account.ready_wallets
    text = (
        _("%(name)s is ready.") % {"name": ready[0].wallet.label}
        if ready
        else _("A worker makes its key and seals it.")
    )
    kinds = ("wallet.create", "wallet.import")
    return Plan(
        _("Wallet"),
        text,
        bool(ready),
        _("Make a wallet"),
        Action.WALLET_MANAGE,
        kinds,
        lambda: reverse("billing:wallet_new"),
    )


def _faucet(account: Account) -> Plan:
    ready = account.ready_wallets
    has_money = any((now.wallet.balance_micros or 0) > 0 for now in ready)
    past_it = any(now.payer.can_have_projects and now.payer.lease is not Lease.UNREAD for now in ready)
    text = (
        _("Test money has arrived.")
        if has_money or past_it
        else _("Free test money for the wallet, within seconds.")
    )
    return Plan(
        _("Test money"),
        text,
        has_money or past_it,
        _("Ask the faucet"),
        Action.WALLET_FUND,
        ("wallet.faucet",),
        lambda: reverse("billing:faucet", args=[ready[0].wallet.pk]),
        posts=True,
    )


def _tier(account: Account) -> Plan:
    ready = account.ready_wallets
    active = next((now for now in ready if now.payer.lease in (Lease.ACTIVE, Lease.FREE)), None)
    text = (
        active.payer.words if active else _("Paid with test money. You see the amount and the network first.")
    )

    def url() -> str:
        richest = max((now.wallet for now in ready), key=lambda wallet: wallet.balance_micros or 0)
        if price_of(richest.gateway, FIRST_TIER):
            return reverse("billing:tier", args=[richest.pk, FIRST_TIER])
        return f"{reverse('billing:tiers')}?wallet={richest.pk}"  # reads the price list first

    return Plan(
        _("Tier"),
        text,
        active is not None,
        _("Choose a tier"),
        Action.TIER_SET,
        ("tier.set",),
        url,
    )


def _project(account: Account) -> Plan:
    made = next((project for project in account.projects if project.is_ready), None)
    text = (
        _("%(name)s is there.") % {"name": made.name}
        if made
        else _("Made at the gateway; its keys are sealed here.")
    )
    return Plan(
        _("Project"),
        text,
        made is not None,
        _("Make a project"),
        Action.PROJECT_CREATE,
        ("project.provision",),
        lambda: reverse("projects:new"),
    )


def _deploy(account: Account) -> Plan:
    def url() -> str:
        made = next(project for project in account.projects if project.is_ready)
        return f"{reverse('deploys:new')}?project={made.pk}"

    text = _("A zip, a tar.gz or a manifest. You see the plan before anything changes.")
    return Plan(
        _("First deploy"), text, False, _("Deploy a site"), Action.DEPLOY, ("deploy", "redeploy"), url
    )
