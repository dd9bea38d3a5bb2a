"""The pages of projects: one file per noun."""

from projects.views import adopting, deleting, projects

__all__ = ["adopting", "deleting", "projects"]
