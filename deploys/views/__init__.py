"""The pages of this room."""

from deploys.views import deploys, files, releases

__all__ = ["deploys", "files", "releases"]
