"""Every address of the URLconf, as everybody, with ids of their own, out of reach, and of another team."""

from __future__ import annotations

import pytest

from teams.access import Public
from tests.security.matrix.addresses import ADDRESSES, Address, permission_of, undeclared
from tests.security.matrix.answers import (
    FINE,
    NO_METHOD,
    NOT_THERE,
    REFUSED,
    SIGN_IN,
    ask,
    expected,
    expected_out_of_reach,
    is_limiting,
)
from tests.security.matrix.furniture import FOREIGN, HIDDEN
from tests.security.matrix.world import HOLDER, LIMITED, MEMBERS, OUTSIDE, World, undone

pytestmark = pytest.mark.django_db

#: What a visitor may open, each for the reason that its view states. A longer list is a decision.
PUBLIC = {
    "account_inactive",
    "account_login",
    "account_logout",
    "account_oidc",
    "account_oidc_back",
    "deploys:raw",
    "home:metrics",
    "home:readyz",
    "livez",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "styleguide",
    "teams:invitation",
    "teams:recover",
}
METHODS = ("get", "post")
_known: dict[str, set[str]] = {}
WITH_PARAMETERS = sorted(
    (name, parameter)
    for name, address in ADDRESSES.items()
    if not isinstance(address.permission, Public)
    for parameter in address.parameters
)


def test_there_are_addresses_to_walk() -> None:
    assert len(ADDRESSES) > 40


@pytest.mark.parametrize("name", ADDRESSES)
def test_every_address_declares_a_permission(name: str) -> None:
    assert undeclared(ADDRESSES[name]) == ""


@pytest.mark.parametrize("name", ADDRESSES)
def test_every_parameter_names_a_known_noun(name: str) -> None:
    assert set(ADDRESSES[name].nouns()) == set(ADDRESSES[name].parameters)


def test_few_addresses_are_public_and_each_says_why() -> None:
    """Pages of allauth that this panel does not have are public too: one view, which answers 404 to everybody."""
    public = {name: one for name, one in ADDRESSES.items() if isinstance(one.permission, Public)}
    assert all(one.permission.reason for one in public.values() if isinstance(one.permission, Public))
    absent = {
        name for name, one in public.items() if one.permission == ADDRESSES["account_signup"].permission
    }
    assert set(public) - absent - PUBLIC == set(), (
        "A new public address: add it to PUBLIC if that is meant, or give its view another gate."
    )


@pytest.mark.parametrize("visitor", [*MEMBERS, *OUTSIDE])
@pytest.mark.parametrize("name", ADDRESSES)
def test_everybody_is_answered_by_the_table(world: World, name: str, visitor: str) -> None:
    address = ADDRESSES[name]
    url, right = address.url(world.near), expected(address, visitor)
    for method in METHODS:
        with undone():
            answer, response = ask(world.browser(visitor), method, url)
        wanted = right if right == {SIGN_IN} or method in _methods(world, address) else {NO_METHOD}
        assert answer.word in wanted, (
            f"{method.upper()} {url} as {visitor}: answered {answer.status} {answer.location}, "
            f"but {' or '.join(sorted(wanted))} is right for {address.permission!r}."
        )
        assert FOREIGN not in _text(response) or visitor == "stranger", f"{url} shows another team's names."


@pytest.mark.parametrize("visitor", MEMBERS)
@pytest.mark.parametrize(("name", "parameter"), WITH_PARAMETERS)
def test_foreign_ids_lead_nowhere(world: World, name: str, parameter: str, visitor: str) -> None:
    address = ADDRESSES[name]
    noun = address.nouns()[parameter]
    others = {"another team's": world.foreign}
    if is_limiting(noun, visitor):
        others["an out of reach"] = world.far
    for whose, things in others.items():
        url = address.url({**world.near, noun: things[noun]})
        for method in METHODS:
            with undone():
                answer, response = ask(world.browser(visitor), method, url)
            wanted = expected_out_of_reach(address, visitor) | {NO_METHOD}
            assert answer.word in wanted, (
                f"{method.upper()} {url} as {visitor} with {whose} {noun}: answered {answer.status}. "
                f"Fetch it by the noun's helper with the membership, so that it is {' or '.join(sorted(wanted))}."
            )
            assert FOREIGN not in _text(response)
            assert visitor != LIMITED or HIDDEN not in _text(response)


@pytest.mark.parametrize("name", ADDRESSES)
def test_no_change_comes_from_another_site(world: World, name: str) -> None:
    address = ADDRESSES[name]
    if "post" not in _methods(world, address):
        return
    visitor = "owner" if address.action else HOLDER
    with undone():
        browser = world.browser(visitor, checks_tokens=True)
        answer, _response = ask(browser, "post", address.url(world.near))
    assert answer.word in (REFUSED, NOT_THERE), (
        f"POST {address.route} without the token of the form: {answer.status}"
    )


def test_the_sentence_for_a_parameter_that_nobody_knows() -> None:
    address = ADDRESSES["projects:detail"]
    unknown = type(address)("x:y", "things/<uuid:pk>", address.permission)
    with pytest.raises(LookupError, match="Add “things” to NOUNS"):
        unknown.nouns()


def test_the_sentence_for_an_address_that_declares_nothing() -> None:
    undeclared_one = type(ADDRESSES["livez"])("x:y", "things", None)
    assert "Put @require(Action.X)" in undeclared(undeclared_one)
    assert permission_of("/nowhere/at/all") is None


def test_the_right_answers_are_not_all_the_same() -> None:
    """A table that answers alike for everybody would pass any panel."""
    address = ADDRESSES["billing:limits"]
    words = {visitor: "".join(sorted(expected(address, visitor))) for visitor in (*MEMBERS, *OUTSIDE)}
    assert words == {
        "owner": FINE,
        "admin": FINE,
        "developer": "403",
        "billing": FINE,
        "viewer": "403",
        LIMITED: "403",
        "stranger": "404",
        "teamless": "404no team",
        "operator": "404no team",
        "anonymous": "sign in",
    }


def _methods(world: World, address: Address) -> set[str]:
    """Return the methods that an address takes, found by asking as somebody who may: others get 405 for the rest."""
    if address.name not in _known:
        visitor = "owner" if address.action else HOLDER
        _known[address.name] = set()
        for method in METHODS:
            with undone():
                answer, _response = ask(world.browser(visitor), method, address.url(world.near))
            if answer.word != NO_METHOD:
                _known[address.name].add(method)
    return _known[address.name]


def _text(response: object) -> str:
    content = getattr(response, "content", b"")
    return bytes(content).decode(errors="replace")
