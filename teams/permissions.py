"""The permission table: every action, and the roles that may do it. Nothing else in the panel decides this."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import TextChoices, UUIDField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import Refusal
from core.prepared import Param, Prepared
from teams.models import Membership, Role, Team, User
from teams.reach import Level


class Action(TextChoices):
    """What somebody can do, as a sentence that follows “may”."""

    VIEW = "view", _("see the team's pages")
    WALLET_MANAGE = "wallet.manage", _("make, import and limit wallets")
    WALLET_FUND = "wallet.fund", _("draw test money from the faucet")
    TIER_SET = "tier.set", _("pay for a tier")
    PROJECT_CREATE = "project.create", _("make and adopt projects")
    PROJECT_DELETE = "project.delete", _("delete projects")
    PROJECT_SYNC = "project.sync", _("refresh what the panel shows")
    DEPLOY = "deploy", _("deploy and redeploy")
    JOB_SUBMIT = "job.submit", _("submit and cancel jobs")
    KEY_REVEAL = "key.reveal", _("see a project's service key")
    SECRETS_SET = "secrets.set", _("set and delete secrets")
    WALLET_RAISE = "wallet.raise", _("raise what a wallet may spend")
    WALLET_EXPORT = "wallet.export", _("take a wallet's key out of the panel")
    WALLET_RETIRE = "wallet.retire", _("replace and retire wallets")
    WALLET_FREEZE = "wallet.freeze", _("freeze a wallet")
    WALLET_UNFREEZE = "wallet.unfreeze", _("let a frozen wallet pay again")
    MEMBERS_MANAGE = "members.manage", _("invite, change and remove members")
    OWNERS_MANAGE = "owners.manage", _("make owners and admins, or end that")
    TEAM_RULES = "team.rules", _("change the team's rules")
    PAYMENT_APPROVE = "payment.approve", _("approve what somebody else wants to pay")
    HALT = "halt", _("stop the team's operations and resume them")
    HOOKS_MANAGE = "hooks.manage", _("manage the team's webhooks")
    OPERATIONS_EXPORT = "operations.export", _("take the operations along as a file")
    PAYMENTS_EXPORT = "payments.export", _("take the payments along as a file")
    AUDIT_VIEW = "audit.view", _("read the audit record")
    AUDIT_EXPORT = "audit.export", _("export the audit record")


EVERYBODY = frozenset(Role)
TABLE: dict[Action, frozenset[Role]] = {
    Action.VIEW: EVERYBODY,
    Action.WALLET_MANAGE: frozenset({Role.OWNER, Role.ADMIN, Role.BILLING}),
    Action.WALLET_FUND: frozenset({Role.OWNER, Role.ADMIN, Role.BILLING, Role.DEVELOPER}),
    Action.TIER_SET: frozenset({Role.OWNER, Role.ADMIN, Role.BILLING}),
    Action.PROJECT_CREATE: frozenset({Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
    Action.PROJECT_DELETE: frozenset({Role.OWNER, Role.ADMIN}),
    Action.PROJECT_SYNC: EVERYBODY,
    Action.DEPLOY: frozenset({Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
    Action.JOB_SUBMIT: frozenset({Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
    Action.KEY_REVEAL: frozenset({Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
    Action.SECRETS_SET: frozenset({Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
    Action.WALLET_RAISE: frozenset({Role.OWNER}),
    Action.WALLET_EXPORT: frozenset({Role.OWNER}),
    Action.WALLET_RETIRE: frozenset({Role.OWNER, Role.ADMIN}),
    Action.WALLET_FREEZE: frozenset({Role.OWNER, Role.ADMIN, Role.BILLING, Role.DEVELOPER}),
    Action.WALLET_UNFREEZE: frozenset({Role.OWNER, Role.ADMIN}),
    Action.MEMBERS_MANAGE: frozenset({Role.OWNER, Role.ADMIN}),
    Action.OWNERS_MANAGE: frozenset({Role.OWNER}),
    Action.TEAM_RULES: frozenset({Role.OWNER}),
    Action.PAYMENT_APPROVE: frozenset({Role.OWNER, Role.ADMIN, Role.BILLING}),
    Action.HALT: frozenset({Role.OWNER, Role.ADMIN}),
    Action.HOOKS_MANAGE: frozenset({Role.OWNER, Role.ADMIN}),
    Action.OPERATIONS_EXPORT: frozenset({Role.OWNER, Role.ADMIN}),
    Action.PAYMENTS_EXPORT: frozenset({Role.OWNER, Role.ADMIN, Role.BILLING}),
    Action.AUDIT_VIEW: EVERYBODY,
    Action.AUDIT_EXPORT: frozenset({Role.OWNER, Role.ADMIN}),
}


#: How far a member has to be let with a wallet for an action that works with one: spending, unless it stands here.
LEVELS: dict[Action, Level] = {
    Action.VIEW: Level.SEE,
    Action.PROJECT_SYNC: Level.SEE,
    Action.AUDIT_VIEW: Level.SEE,
    Action.AUDIT_EXPORT: Level.SEE,
    Action.WALLET_FREEZE: Level.SEE,
    Action.WALLET_MANAGE: Level.MANAGE,
    Action.PROJECT_DELETE: Level.MANAGE,
    Action.WALLET_RAISE: Level.MANAGE,
    Action.WALLET_UNFREEZE: Level.MANAGE,
    Action.WALLET_EXPORT: Level.CUSTODY,
    Action.WALLET_RETIRE: Level.CUSTODY,
}


def allows(role: str, action: Action) -> bool:
    """Say whether the role may do the action."""
    return role in TABLE[action]


def who_may(action: Action) -> str:
    """Return the roles that may, for the refusal: “Owner, Admin or Billing”."""
    labels = [str(role.label) for role in Role if role in TABLE[action]]
    if len(labels) == 1:
        return labels[0]
    return gettext("%(some)s or %(last)s") % {"some": ", ".join(labels[:-1]), "last": labels[-1]}


def demand(membership: Membership, action: Action) -> None:
    """Raise PermissionDenied, naming who can, unless the member may do the action."""
    if not allows(membership.role, action):
        raise PermissionDenied(
            gettext("To %(what)s you need to be %(roles)s in this team. You are %(role)s.")
            % {"what": action.label, "roles": who_may(action), "role": membership.get_role_display()}
        )


def may_with(membership: Membership, wallet_id: UUID | None, action: Action) -> bool:
    """Say whether the very wallet lets the member go so far; the role and the reach are asked elsewhere."""
    return wallet_id is None or membership.shares.level(wallet_id) >= LEVELS.get(action, Level.SPEND)


def demand_with(membership: Membership, wallet_id: UUID, action: Action) -> None:
    """Raise PermissionDenied unless the wallet lets the member go so far."""
    if not may_with(membership, wallet_id, action):
        raise PermissionDenied(
            gettext(
                "Your role lets you %(what)s, but this wallet is shared with you for less. "
                "Its page names who can change that."
            )
            % {"what": action.label}
        )


def demand_reach(
    membership: Membership,
    *,
    project_id: UUID | None = None,
    wallet_id: UUID | None = None,
    action: Action = Action.VIEW,
) -> None:
    """Raise PermissionDenied unless what the member sees may be worked with: a project needs its wallet too."""
    if not membership.reach.covers(project_id, wallet_id):
        raise PermissionDenied(
            gettext(
                "This needs the wallet behind it, which your membership does not reach. "
                "%(roles)s can add it to what you reach."
            )
            % {"roles": who_may(Action.MEMBERS_MANAGE)}
        )
    if wallet_id is not None:
        demand_with(membership, wallet_id, action)


_MEMBERSHIP = Prepared(
    lambda: Membership.objects.filter(
        user=Param("user", UUIDField()), team=Param("team", UUIDField()), user__is_active=True
    ).select_related("team")
)


def still_allowed(
    user: User | None,
    team: Team,
    action: Action,
    *,
    project_id: UUID | None = None,
    wallet_id: UUID | None = None,
) -> bool:
    """Say whether the person may do it right now, to these; services and the worker ask again before they act.

    None is the panel itself.
    """
    if user is None:
        return True
    membership: Membership | None = _MEMBERSHIP.first(user=user.pk, team=team.pk)
    return (
        membership is not None
        and allows(membership.role, action)
        and membership.reach.covers(project_id, wallet_id)
        and may_with(membership, wallet_id, action)
    )


class NotAllowed(Refusal, PermissionDenied):
    """A service refuses for want of a right, whatever the view asked before: 403 where nobody shows it otherwise."""

    def __init__(self) -> None:
        super().__init__(
            "NOT_ALLOWED",
            gettext(
                "Your role, or what your membership reaches in this team, does not allow this. Ask an owner."
            ),
        )
