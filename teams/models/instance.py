"""What the operator decides for the whole instance."""

from __future__ import annotations

from django.db import models


class Instance(models.Model):
    """One row: may everybody who signs in make teams, or the operator alone."""

    open_teams = models.BooleanField(default=False)

    def __str__(self) -> str:
        return "instance"

    @classmethod
    def get(cls) -> Instance:
        """Return the one row, unsaved while nobody decided anything."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
