"""The pages of this room."""

from deploys.views import deploys, releases

__all__ = ["deploys", "releases"]
