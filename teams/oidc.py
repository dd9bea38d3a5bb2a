"""Sign-in by an OpenID Connect issuer: authorization code with PKCE (OpenID Connect Core 1.0, RFC 7636).

The one place where web reaches out, and only to the issuer that the operator configured: each address of its discovery
document has to lie on its host or on one that PANEL_OIDC_HOSTS names. Redirects are not followed, each call has
five seconds, and what goes wrong is a sentence (`OidcError`).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import jwt
from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

TIMEOUT_SECONDS = 5
KEEP_SECONDS = 600
#: Signatures of keys that the issuer publishes; nothing that a shared secret, or nobody, could make.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
CLOCK_SECONDS = 60
MOST_BYTES = 512 * 1024


class OidcError(Exception):
    """Why somebody was not signed in, as a sentence for them."""


@dataclass(frozen=True)
class Attempt:
    """What waits in the session while the browser is at the issuer."""

    state: str
    nonce: str
    verifier: str
    next: str

    @classmethod
    def fresh(cls, then: str) -> Attempt:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _part in range(3))
        return cls(state, nonce, verifier, then)


@dataclass(frozen=True)
class Provider:
    """What the issuer says about itself."""

    authorize: str
    token: str
    keys: str
    userinfo: str
    basic: bool


def configured() -> bool:
    """Say whether the operator has an issuer."""
    return bool(settings.OIDC_ISSUER)


def name() -> str:
    """Return what the button calls the issuer; empty without one."""
    return str(settings.OIDC_NAME) if configured() else ""


def address(attempt: Attempt, back: str) -> str:
    """Return where the browser goes; it comes back to `back`."""
    digest = hashlib.sha256(attempt.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": back,
        "scope": "openid email profile",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    at = provider().authorize
    return f"{at}{'&' if urlsplit(at).query else '?'}{urlencode(query)}"


def verified_email(attempt: Attempt, state: str, code: str, back: str) -> str:
    """Return the e-mail that the issuer vouches for, in exchange for the code that the browser brought."""
    if not code or not constant_time_compare(state, attempt.state):
        raise OidcError(_("This sign-in was begun elsewhere or too long ago. Begin it again."))
    at = provider()
    tokens = _exchange(at, attempt, code, back)
    claims = _claims(at, str(tokens.get("id_token", "")), attempt.nonce)
    if "email" not in claims and at.userinfo:
        claims = _userinfo(at, str(tokens.get("access_token", "")), claims)
    email = str(claims.get("email", "")).strip().lower()
    if not email or claims.get("email_verified") not in (True, "true"):
        raise OidcError(
            _("%(name)s does not vouch for your e-mail. Verify it there, or sign in with your password.")
            % {"name": name()}
        )
    return email


def provider() -> Provider:
    """Return the issuer's discovery document, kept for ten minutes."""
    key = f"oidc:{hashlib.sha256(settings.OIDC_ISSUER.encode()).hexdigest()[:32]}"
    found = cache.get(key)
    if found is None:
        found = _json("GET", f"{settings.OIDC_ISSUER.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != settings.OIDC_ISSUER:
            raise _dead(_("its discovery document names another issuer"))
        cache.set(key, found, KEEP_SECONDS)
    return _provider(found)


def _provider(found: dict[str, Any]) -> Provider:
    parts = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    authorize, token, keys = (str(found.get(part, "")) for part in parts)
    userinfo = str(found.get("userinfo_endpoint", ""))
    for url in (authorize, token, keys, userinfo or authorize):
        _demand_allowed(url)
    methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Provider(authorize, token, keys, userinfo, basic="client_secret_post" not in methods)


def _demand_allowed(url: str) -> None:
    parts, own = urlsplit(url), urlsplit(settings.OIDC_ISSUER)
    same = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
    named = parts.scheme == "https" and parts.netloc in settings.OIDC_HOSTS
    if not (same or named):
        raise _dead(
            _("it names the host “%(host)s”, which PANEL_OIDC_HOSTS does not name") % {"host": parts.netloc}
        )


def _exchange(at: Provider, attempt: Attempt, code: str, back: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": attempt.verifier,
    }
    if at.basic and settings.OIDC_CLIENT_SECRET:
        basic = httpx.BasicAuth(settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET)
        return _json("POST", at.token, data=form, auth=basic)
    form["client_id"] = settings.OIDC_CLIENT_ID
    if settings.OIDC_CLIENT_SECRET:
        form["client_secret"] = settings.OIDC_CLIENT_SECRET
    return _json("POST", at.token, data=form)


def _claims(at: Provider, token: str, nonce: str) -> dict[str, Any]:
    """Return what the ID token says, once its signature, audience, time and nonce hold."""
    try:
        header = jwt.get_unverified_header(token)
        keys = jwt.PyJWKSet.from_dict(_json("GET", at.keys)).keys
        key = next(key for key in keys if header.get("kid") in (key.key_id, None))
        claims = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=settings.OIDC_CLIENT_ID,
            issuer=settings.OIDC_ISSUER,
            leeway=CLOCK_SECONDS,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, StopIteration, AttributeError, TypeError) as error:
        raise _dead(_("its ID token does not hold (%(what)s)") % {"what": type(error).__name__}) from error
    if not constant_time_compare(str(claims.get("nonce", "")), nonce):
        raise _dead(_("its ID token belongs to another sign-in"))
    return dict(claims)


def _userinfo(at: Provider, token: str, claims: dict[str, Any]) -> dict[str, Any]:
    found = _json("GET", at.userinfo, headers={"Authorization": f"Bearer {token}"})
    if found.get("sub") != claims["sub"]:
        raise _dead(_("its user info speaks of somebody else"))
    return found


def _json(method: str, url: str, **more: Any) -> dict[str, Any]:
    """Call the issuer; return the JSON object that it answers."""
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as client:
            answer = client.request(method, url, **more)
        if answer.status_code != 200 or len(answer.content) > MOST_BYTES:
            raise _dead(_("it answers %(status)s") % {"status": answer.status_code})
        found = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise _dead(type(error).__name__) from error
    if not isinstance(found, dict):
        raise _dead(_("it answers no JSON object"))
    return found


def _dead(why: str) -> OidcError:
    """Return the sentence for an issuer that is not there or not as it should be; it names no secret."""
    return OidcError(
        _("Sign-in by %(name)s does not work now: %(why)s. Try again later, or sign in with your password.")
        % {"name": name(), "why": why}
    )
