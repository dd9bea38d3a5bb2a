"""Teams, who belongs to them, and as what."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from core.registry import wallet_shares
from teams.reach import Reach, Shares


class Team(models.Model):
    """A group that shares wallets and projects. Every row of every room belongs to one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="teams")

    # Rules that the owners set. Of several teams of one person the strictest session lengths hold.
    require_two_factor = models.BooleanField(default=False)
    approval_above_micros = models.BigIntegerField(null=True)
    # A second person confirms before a wallet's key leaves. What counts is the worker's row (wallets/thresholds.py).
    exports_need_two = models.BooleanField(default=False, db_default=False)
    # Some wallet was kept to some people or shared once: only then single wallets are asked.
    shares_wallets = models.BooleanField(default=False)
    idle_minutes = models.PositiveIntegerField(default=12 * 60)
    session_hours = models.PositiveIntegerField(default=14 * 24)

    class Meta:
        ordering = ["name", "created_at"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a member is in a team. The permission table (teams.permissions) says what each may do."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    DEVELOPER = "developer", _("Developer")
    BILLING = "billing", _("Billing")
    VIEWER = "viewer", _("Viewer")


class Membership(models.Model):
    """One person in one team. A limited one reaches the projects or wallets of its `scopes` only; owners reach all."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    projects_limited = models.BooleanField(default=False)
    wallets_limited = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # Written at most once a minute.
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"

    @property
    def is_limited(self) -> bool:
        """There are projects or wallets that the member may not see."""
        return self.role != Role.OWNER and (self.projects_limited or self.wallets_limited)

    @cached_property
    def reach(self) -> Reach:
        """What the member reaches, read once; an unlimited membership of a team that shares none needs no query."""
        if self.role == Role.OWNER:
            return Reach(self.team_id)
        kept = self.shares.kept
        if not self.is_limited:
            return Reach(self.team_id, kept=kept)
        rows = list(self.scopes.values_list("kind", "object_id"))
        chosen = {kind: frozenset(pk for one, pk in rows if one == kind) for kind in Scope.Kind.values}
        return Reach(
            self.team_id,
            chosen[Scope.Kind.PROJECT] if self.projects_limited else None,
            chosen[Scope.Kind.WALLET] | self.shares.shared if self.wallets_limited else None,
            kept,
        )

    @cached_property
    def shares(self) -> Shares:
        """What single wallets say about the member, read once; nothing in a team that never shared one."""
        if not self.team.shares_wallets:
            return Shares()
        found: Shares = next(rule(self) for rule in wallet_shares)
        return found


class Scope(models.Model):
    """One project or wallet that a limited membership reaches. Those rooms are above, so it is an id."""

    class Kind(models.TextChoices):
        PROJECT = "project", _("Project")
        WALLET = "wallet", _("Wallet")

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="scopes")
    kind = models.CharField(max_length=10, choices=Kind)
    object_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "kind", "object_id"], name="scope_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
