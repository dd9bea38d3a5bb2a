"""Guessing: limits by account and address, whose address it is, and equal answers for unknown people."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from core.addresses import client_ip, network_of
from teams import limits
from teams.hashers import PanelArgon2Hasher
from teams.limits import Limit
from teams.models import User
from tests.factories import PASSWORD
from tests.fixtures import ClientAs

THREE = Limit("test", 3, 60)


@pytest.fixture(autouse=True)
def _no_old_tries() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def test_so_many_tries_and_no_more_until_the_first_is_old() -> None:
    with time_machine.travel(1_000_000, tick=False) as clock:
        assert limits.take(THREE, "a") == 0
        clock.shift(20)
        assert [limits.take(THREE, "a") for _try in range(3)] == [0, 0, 40]
        assert limits.take(THREE, "b") == 0
        clock.shift(41)
        assert [limits.take(THREE, "a") for _try in range(2)] == [0, 19]


def test_who_proved_it_starts_afresh() -> None:
    assert [limits.take(THREE, "a") for _try in range(3)] == [0, 0, 0]
    limits.forget(THREE, "a")
    assert limits.take(THREE, "a") == 0


def test_tries_at_the_same_moment_are_all_counted() -> None:
    passed: list[int] = []
    threads = [threading.Thread(target=lambda: passed.append(limits.take(THREE, "a"))) for _n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed.count(0) == 3


def test_the_cache_tells_nobodys_address(client: Client, db: None) -> None:
    client.post("/accounts/login/", {"login": "alice@example.com", "password": "x"})
    assert not [key for key in cache._cache if "alice" in key]  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_one_address_may_not_try_many_accounts(client: Client, settings: Settings) -> None:
    most = limits.BY_ADDRESS["sign_in"].most
    for number in range(most):
        client.post("/accounts/login/", {"login": f"person{number}@example.com", "password": "x"})
    stopped = client.post("/accounts/login/", {"login": "one.more@example.com", "password": "x"})
    assert stopped.status_code == 429
    elsewhere = Client(REMOTE_ADDR="192.0.2.9")
    assert (
        elsewhere.post("/accounts/login/", {"login": "one.more@example.com", "password": "x"}).status_code
        == 200
    )


@pytest.mark.django_db
def test_people_who_share_an_address_may_all_sign_in(alice: User) -> None:
    for _person in range(limits.BY_ADDRESS["sign_in"].most + 1):
        assert (
            Client().post("/accounts/login/", {"login": alice.email, "password": PASSWORD}).status_code == 302
        )


@pytest.mark.django_db
def test_ones_own_account_does_not_clear_guesses_at_others(client: Client, alice: User) -> None:
    most = limits.BY_ADDRESS["sign_in"].most
    for number in range(most - 1):
        client.post("/accounts/login/", {"login": f"person{number}@example.com", "password": "x"})
    assert Client().post("/accounts/login/", {"login": alice.email, "password": PASSWORD}).status_code == 302
    answers = [
        client.post("/accounts/login/", {"login": f"p{n}@example.com", "password": "x"}) for n in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 429]


@pytest.mark.django_db
def test_guessing_the_old_password_is_stopped(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    fields = {"oldpassword": "wrong-password-1", "password1": "new long words", "password2": "new long words"}
    for _try in range(limits.BY_ACCOUNT["password"].most):
        assert browser.post("/accounts/password/change/", fields).status_code == 200
    stopped = browser.post("/accounts/password/change/", fields | {"oldpassword": PASSWORD})
    assert stopped.status_code == 429
    assert int(stopped["Retry-After"]) > 0


def test_a_view_with_a_token_in_its_address_is_limited(db: None) -> None:
    view = limits.limited("invitation")(lambda request: HttpResponse("in"))
    request = RequestFactory().get("/")
    request.user = User()
    answers = [view(request).status_code for _try in range(limits.BY_ADDRESS["invitation"].most + 1)]
    assert answers == [200] * limits.BY_ADDRESS["invitation"].most + [429]


# --- Whose address ---


@pytest.mark.parametrize(
    ("proxies", "forwarded", "ip"),
    [
        (0, "198.51.100.1", "192.0.2.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (2, "198.51.100.1", "192.0.2.1"),
        (1, "nonsense", ""),
        (1, "", ""),
        (1, "::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_address_is_what_the_own_proxies_saw(
    settings: Settings, proxies: int, forwarded: str, ip: str
) -> None:
    settings.PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="192.0.2.1")
    assert client_ip(request) == ip


def test_one_holder_of_a_net_of_ipv6_counts_as_one() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("") == ""


# --- The same answer and the same work ---


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every computation of Argon2, the one thing that takes time at sign-in."""
    seen: list[str] = []
    for name in ("encode", "verify"):
        original = getattr(PanelArgon2Hasher, name)

        def counted(self: Any, *args: Any, _original: Any = original, _name: str = name) -> Any:
            seen.append(_name)
            return _original(self, *args)

        monkeypatch.setattr(PanelArgon2Hasher, name, counted)
    return seen


@pytest.mark.django_db
@pytest.mark.parametrize("known", ["alice", "nobody", "without password", "closed"])
def test_unknown_people_cost_as_much_as_known_ones(
    client: Client, alice: User, hashed: list[str], known: str
) -> None:
    if known == "without password":
        alice.set_unusable_password()
        alice.save()
    if known == "closed":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    email = "nobody@example.com" if known == "nobody" else alice.email
    hashed.clear()
    answer = client.post("/accounts/login/", {"login": email, "password": "wrong-password-1"})
    assert len(hashed) == 1
    assert answer.status_code == 200
    assert "E-mail and password do not match." in answer.content.decode()
