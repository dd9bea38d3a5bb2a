"""The store of sessions (SESSION_ENGINE): rows that list whose browser it is, and that are of no use to a thief."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY as USER_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.db.models import DateTimeField
from django.utils import timezone

from core.prepared import Param, Prepared
from teams import atrest
from teams.models import Session, User

PURPOSE = "sessions"
#: A browser in which nobody has signed in is remembered for so long.
NOBODY_FOR = timedelta(days=1)
#: What allauth keeps about how somebody signed in, in the session's data.
METHODS_KEY = "account_authentication_methods"


def digest_of(key: str) -> str:
    """Return what is stored of a cookie."""
    return hashlib.sha256(key.encode()).hexdigest()


_VALID = Prepared(
    lambda: Session.objects.select_related("user").filter(
        digest=Param("digest"), expires_at__gt=Param("now", DateTimeField())
    )
)


class SessionStore(SessionBase):
    """Django's session over `Session` rows. `ip` and `agent` are those of the request it serves."""

    def __init__(self, session_key: str | None = None, *, ip: str = "", agent: str = "") -> None:
        super().__init__(session_key)
        self._ip, self._agent = ip, agent
        self.row: Session | None = None
        #: The browser brought a cookie whose session is over, or never was.
        self.is_over = False

    @property
    def person(self) -> User | None:
        """Whoever is signed in here; read together with the row, in one query."""
        self._get_session()  # type: ignore[attr-defined]  # Django's own, untyped
        return self.row.user if self.row else None

    def load(self) -> dict[str, Any]:
        self.row = _VALID.first(digest=digest_of(self.session_key or ""), now=timezone.now())
        if self.row is None:
            self._session_key, self.is_over = None, True
            return {}
        return self.decode(self.row.data)

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(digest=digest_of(session_key)).exists()

    def create(self) -> None:
        """Make a row under a fresh key; chance makes it unique."""
        self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
        self.save(must_create=True)
        self.modified = True

    def cycle_key(self) -> None:
        """Take a new key. The age of a session goes on: changing a password does not make it young again."""
        before = self.row if self.row and self.row.user_id else None
        super().cycle_key()
        if before and self.row:
            self.row.created_at = before.created_at
            Session.objects.filter(pk=self.row.pk).update(created_at=before.created_at)

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        values = self._values(data)
        digest = digest_of(self.session_key)
        if must_create:
            self._insert(digest, values)
        # Never brings a row back: a session that was ended meanwhile stays ended.
        elif not Session.objects.filter(digest=digest).update(**values):
            raise UpdateError
        return None

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            Session.objects.filter(digest=digest_of(key)).delete()

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.filter(expires_at__lt=timezone.now()).delete()

    def encode(self, session_dict: dict[str, Any]) -> str:
        return atrest.lock(PURPOSE, json.dumps(session_dict, separators=(",", ":")).encode())

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Return the data; what another PANEL_SECRET_KEY locked is an empty session, so one signs in again."""
        try:
            data: dict[str, Any] = json.loads(atrest.unlock(PURPOSE, str(session_data)))
        except atrest.Unreadable:
            return {}
        return data

    def _insert(self, digest: str, values: dict[str, Any]) -> None:
        row = Session(digest=digest, ip=self._ip or None, agent=self._agent[:300], **values)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise CreateError from None
        self.row = row

    def _values(self, data: dict[str, Any]) -> dict[str, Any]:
        user_id = data.get(USER_KEY)
        expires_at = self.get_expiry_date() if user_id else timezone.now() + NOBODY_FOR
        how = "+".join(_methods(data)) if user_id else ""
        return {"data": self.encode(data), "user_id": user_id, "expires_at": expires_at, "how": how[:60]}


def _methods(data: dict[str, Any]) -> list[str]:
    """Return how somebody signed in, in order: `password`, `totp`, `recovery_codes`, `webauthn`, `oidc`."""
    records = data.get(METHODS_KEY) or []
    steps = [record for record in records if not record.get("reauthenticated")]
    return list(dict.fromkeys(str(record.get("type") or record.get("method") or "") for record in steps))
