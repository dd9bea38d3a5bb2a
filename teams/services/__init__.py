"""Changes to people and teams: each decides, writes and records in one transaction. One file per noun."""

from teams.services.teams import FirstOwner, create_first_owner, create_team, set_theme

__all__ = ["FirstOwner", "create_first_owner", "create_team", "set_theme"]
