"""The page of one's second factors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator

from teams import atrest, passkeys, selectors
from teams.models import Team, User


@dataclass(frozen=True)
class Passkey:
    """One passkey; `signs_in` says that it needs no e-mail typed first."""

    pk: int
    name: str
    signs_in: bool
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class SecurityPage:
    """The factors of one person. `codes_left` None: there are none, or they cannot be read."""

    password: bool
    passkeys: tuple[Passkey, ...]
    passkeys_offered: bool
    app: Authenticator | None
    codes: Authenticator | None
    codes_left: int | None
    required_by: tuple[Team, ...]

    @property
    def required_names(self) -> str:
        return ", ".join(team.name for team in self.required_by)

    @property
    def protected(self) -> bool:
        return bool(self.passkeys or self.app)


def security_page(user: User) -> SecurityPage:
    """Return the page."""
    rows = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    codes = _of(rows, Authenticator.Type.RECOVERY_CODES)
    return SecurityPage(
        password=user.has_usable_password(),
        passkeys=tuple(_passkey(row) for row in rows if row.type == Authenticator.Type.WEBAUTHN),
        passkeys_offered=passkeys.offered(),
        app=_of(rows, Authenticator.Type.TOTP),
        codes=codes,
        codes_left=_left(codes),
        required_by=tuple(selectors.teams_that_require_a_factor(user)),
    )


def _of(rows: list[Authenticator], kind: str) -> Authenticator | None:
    return next((row for row in rows if row.type == kind), None)


def _passkey(row: Authenticator) -> Passkey:
    own = row.wrap()
    return Passkey(row.pk, own.name, bool(own.is_passwordless), row.created_at, row.last_used_at)


def _left(codes: Authenticator | None) -> int | None:
    try:
        return len(codes.wrap().get_unused_codes()) if codes else None
    except atrest.Unreadable:
        return None
