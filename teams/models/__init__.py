"""Rows of the teams room."""

from teams.models.instance import Instance
from teams.models.invitation import Invitation, RecoveryLink
from teams.models.people import User, UserManager
from teams.models.session import Session
from teams.models.team import Membership, Role, Scope, Team

__all__ = [
    "Instance",
    "Invitation",
    "Membership",
    "RecoveryLink",
    "Role",
    "Scope",
    "Session",
    "Team",
    "User",
    "UserManager",
]
