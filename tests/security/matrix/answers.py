"""What each visitor has to be answered, from the permission table."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.test import Client

from teams.access import OperatorOnly, Personal, Public
from teams.permissions import Action, allows
from tests.security.matrix.addresses import OWN, Address
from tests.security.matrix.world import HOLDER, LIMITED, ROLES

SIGN_IN, REFUSED, NOT_THERE, FINE, NO_METHOD = "sign in", "403", "404", "fine", "405"
#: Led to the page that tells somebody without a team so.
NO_TEAM = "no team"
#: Public addresses that answer in a way of their own: who signs out comes back to the sign-in page.
PUBLIC = {
    "account_logout": {SIGN_IN, FINE},
    "mfa_authenticate": {SIGN_IN, FINE},
    "mfa_login_webauthn": {SIGN_IN, FINE},
}
#: Nouns of which a limited member reaches some only.
LIMITING = {"project", "wallet", "payment", "deploy", "release", "operation"}


@dataclass(frozen=True)
class Answer:
    """How a visitor was answered, in the words of the table."""

    status: int
    location: str

    @property
    def word(self) -> str:
        """The class of the answer; what is none of them is its status."""
        if self.status == 302 and self.location.startswith("/accounts/login/"):
            return SIGN_IN
        if self.status == 302 and self.location == "/no-team":
            return NO_TEAM
        if self.status in (403, 404, 405):
            return str(self.status)
        return FINE if self.status < 500 and self.status != 401 else str(self.status)


def ask(client: Client, method: str, url: str) -> tuple[Answer, HttpResponse]:
    """Return how the visitor is answered."""
    response: HttpResponse = getattr(client, method)(url)
    return Answer(response.status_code, response.headers.get("Location", "")), response


def expected(address: Address, visitor: str) -> set[str]:
    """Return the answers that are right for things within reach of the first team."""
    permission = address.permission
    if isinstance(permission, Public):
        return PUBLIC.get(address.name, {FINE, NOT_THERE, REFUSED})
    if visitor == "anonymous":
        return {SIGN_IN}
    if isinstance(permission, OperatorOnly):
        return {FINE} if visitor == "operator" else {REFUSED}
    if isinstance(permission, Personal):
        return {NOT_THERE} if visitor != HOLDER and address.parameters else {FINE}
    return _for_a_member(address, visitor)


def _for_a_member(address: Address, visitor: str) -> set[str]:
    action = address.action
    if visitor in ("teamless", "operator"):
        return {NOT_THERE, NO_TEAM}
    if visitor == "stranger":
        return {NOT_THERE} if address.parameters else {FINE}
    if address.name in OWN and visitor != "owner":
        return {REFUSED}
    return {FINE} if action is not None and allows(ROLES[visitor], action) else {REFUSED}


def expected_out_of_reach(address: Address, visitor: str) -> set[str]:
    """Return the answers that are right when one parameter names what the visitor does not reach.

    The gate asks for the role first, so that somebody without the right reads 403 for whatever they name.
    """
    declared = address.permission
    if not isinstance(declared, Action):
        return {NOT_THERE}
    return {NOT_THERE} if allows(ROLES[visitor], declared) else {REFUSED}


def is_limiting(noun: str, visitor: str) -> bool:
    """Say whether a limited visitor reaches some things of the noun only."""
    return visitor == LIMITED and noun in LIMITING
