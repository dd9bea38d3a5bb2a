"""Changes to people and teams: each decides, writes and records in one transaction. One file per noun."""

from teams.services.invitations import Sent, accept, accept_as_new, invite, not_valid, send_again, withdraw
from teams.services.members import change_reach, change_role, end_member_sessions, leave_team, remove_member
from teams.services.ownership import transfer
from teams.services.rules import Rules, rename_team, set_rules
from teams.services.scopes import bring_into_reach
from teams.services.teams import (
    FirstOwner,
    create_first_owner,
    create_team,
    make_team,
    may_make_team,
    set_theme,
)

__all__ = [
    "FirstOwner",
    "Rules",
    "Sent",
    "accept",
    "accept_as_new",
    "bring_into_reach",
    "change_reach",
    "change_role",
    "create_first_owner",
    "create_team",
    "end_member_sessions",
    "invite",
    "leave_team",
    "make_team",
    "may_make_team",
    "not_valid",
    "remove_member",
    "rename_team",
    "send_again",
    "set_rules",
    "set_theme",
    "transfer",
    "withdraw",
]
