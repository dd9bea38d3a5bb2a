"""Changes to people and teams: each decides, writes and records in one transaction. One file per noun."""

from teams.services.scopes import bring_into_reach
from teams.services.teams import FirstOwner, create_first_owner, create_team, set_theme

__all__ = ["FirstOwner", "bring_into_reach", "create_first_owner", "create_team", "set_theme"]
