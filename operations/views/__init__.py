"""The pages of this room."""

from operations.views import activity, consenting, deciding, detail

__all__ = ["activity", "consenting", "deciding", "detail"]
