"""Who is signed in, and for how long: Django's session middleware with the panel's rows and rules.

One query reads session and person. Two limits end a session: it is too old, or nobody did anything for too long. Of
several teams of one person the strictest rule holds. What asks by itself (a poll, a panel) is no sign of a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import middleware as auth_middleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions import middleware as session_middleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from core.addresses import client_ip
from core.http import go
from teams.models import Membership, Session, Team, User
from teams.sessions import SessionStore

SEEN_EVERY = timedelta(minutes=1)
#: Why a session is over, as the sign-in page is told (`?ended=`).
OVER, IDLE, OLD = "over", "idle", "old"


class SessionMiddleware(session_middleware.SessionMiddleware):
    """Gives the store what a new row says about the browser."""

    def process_request(self, request: HttpRequest) -> None:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        agent = request.headers.get("User-Agent", "")
        request.session = SessionStore(key, ip=client_ip(request), agent=agent)


class PersonMiddleware(auth_middleware.AuthenticationMiddleware):
    """Sets `request.user` from the row that was read already, where Django would ask the database again."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = cast(User, SimpleLazyObject(lambda: person_of(request)))


def person_of(request: HttpRequest) -> User | AnonymousUser:
    """Return whoever is signed in; a password changed elsewhere, or an account closed, ends that."""
    session = cast(SessionStore, request.session)
    user = session.person
    if user is None or str(user.pk) != session.get(auth.SESSION_KEY):
        return AnonymousUser()
    seal = session.get(auth.HASH_SESSION_KEY, "")
    if user.is_active and any(constant_time_compare(seal, valid) for valid in _seals(user)):
        return user
    session.flush()
    session.is_over = True
    return AnonymousUser()


def _seals(user: User) -> Iterable[str]:
    yield user.get_session_auth_hash()
    yield from user.get_session_auth_fallback_hash()


@dataclass(frozen=True)
class Limits:
    """How long a session lasts at most, and without anybody doing anything."""

    age: timedelta
    idle: timedelta

    @classmethod
    def of(cls, memberships: Iterable[Membership]) -> Limits:
        """Return the strictest of the teams' rules; somebody without a team has those of a fresh one."""
        teams = [membership.team for membership in memberships] or [Team()]
        return cls(
            timedelta(hours=min(team.session_hours for team in teams)),
            timedelta(minutes=min(team.idle_minutes for team in teams)),
        )

    def reason(self, session: Session) -> str:
        """Return why the session is over; empty while it is not."""
        now = timezone.now()
        if now - session.created_at > self.age:
            return OLD
        return IDLE if now - session.seen_at > self.idle else ""


class SessionLimitsMiddleware:
    """Ends a session that is over. It stands behind CurrentTeamMiddleware, which has read the teams."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        row = cast(SessionStore, request.session).row
        if row and request.user.is_authenticated:
            memberships: tuple[Membership, ...] = getattr(request, "memberships", ())
            if reason := Limits.of(memberships).reason(row):
                auth.logout(request)
                return to_sign_in(request, reason)
            if not _asks_by_itself(request):
                _see(row)
        return self.get_response(request)


def _asks_by_itself(request: HttpRequest) -> bool:
    return request.method == "GET" and bool(request.headers.get("HX-Request"))


def _see(row: Session) -> None:
    """Note that somebody is there."""
    now = timezone.now()
    if now - row.seen_at > SEEN_EVERY:
        Session.objects.filter(pk=row.pk, seen_at__lt=now - SEEN_EVERY).update(seen_at=now)


class SignInRequiredMiddleware(auth_middleware.LoginRequiredMiddleware):
    """Leads whoever is not signed in to the sign-in page, which says so when a session is over."""

    def handle_no_permission(  # type: ignore[override]  # an answer to htmx is not a redirect
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        if cast(SessionStore, request.session).is_over:
            return to_sign_in(request, OVER)
        return super().handle_no_permission(request, view_func)


def to_sign_in(request: HttpRequest, reason: str) -> HttpResponse:
    """Lead to the sign-in page and from there back to where the person was."""
    back = request.get_full_path() if request.method == "GET" else ""
    if request.headers.get("HX-Request"):
        back = _path_of(request.headers.get("HX-Current-URL", ""))
    query = {"next": back, "ended": reason} if back else {"ended": reason}
    return go(request, f"{_sign_in_url()}?{urlencode(query, safe='/')}")


def _sign_in_url() -> str:
    return resolve_url(settings.LOGIN_URL)


def _path_of(url: str) -> str:
    """Return the address without its host: the sign-in page leads to nowhere else anyway."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
