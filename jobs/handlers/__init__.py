"""The kinds of operation of this room."""

from jobs.handlers import artifacts, cancelling, following, submitting

__all__ = ["artifacts", "cancelling", "following", "submitting"]
