"""What a password must not be made of."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from teams.models import Team, User

#: Shorter pieces stand in too many words by chance.
SHORTEST = 4
PANEL = ("run402",)


class OwnWordsValidator:
    """Refuses pieces of the person's e-mail and name and of their teams' names: what somebody would guess first."""

    def validate(self, password: str, user: User | None = None) -> None:
        lowered = password.lower()
        for word in words_of(user):
            if word in lowered:
                raise ValidationError(
                    _(
                        "The password holds “%(word)s”, which stands in your e-mail or your team's name. Leave it out."
                    ),
                    code="password_own_words",
                    params={"word": word},
                )

    def get_help_text(self) -> str:
        return _("Leave out your e-mail, your name and your team's name.")


def words_of(user: User | None) -> list[str]:
    """Return the pieces, in lower case, the longest first."""
    if user is None:
        return list(PANEL)
    team_names: Iterable[str] = Team.objects.filter(memberships__user=user).values_list("name", flat=True)
    text = " ".join([user.email, user.name, *team_names]).lower()
    pieces = {piece for piece in re.split(r"[^\w]+|_", text) if len(piece) >= SHORTEST}
    return sorted(pieces | set(PANEL), key=len, reverse=True)
