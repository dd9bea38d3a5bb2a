"""Passkeys, authenticator apps, recovery codes: adding, using, removing, and a team that requires one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import Settings

from audit.models import Event
from core.errors import Refusal
from teams import atrest, limits
from teams.models import Session, Team, User
from teams.services import factors
from tests.factories import MembershipFactory, TeamFactory
from tests.fixtures import ClientAs
from tests.teams import steps
from tests.teams.keyring import SoftKey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_old_tries() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def _types(user: User) -> set[str]:
    return set(Authenticator.objects.filter(user=user).values_list("type", flat=True))


def _newest_how(user: User) -> str:
    return Session.objects.filter(user=user).latest("created_at").how


# --- Passkeys ---


def test_a_passkey_is_added_and_recovery_codes_are_shown_once(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    added = steps.add_passkey(browser, SoftKey())
    assert (added.status_code, added["Location"]) == (302, "/account/security/codes")
    assert _types(alice) == {"webauthn", "recovery_codes"}
    shown = browser.get("/account/security/codes")
    codes = re.findall(r"<li>(\d{8})</li>", shown.content.decode())
    assert len(set(codes)) == 10
    assert "no-store" in shown["Cache-Control"]
    again = browser.get("/account/security/codes").content.decode()
    assert "They were shown already" in again
    assert not re.findall(r"\d{8}</li>", again)


def test_a_passkey_signs_in_by_itself(client: Client, client_as: ClientAs, alice: User) -> None:
    key = SoftKey()
    steps.add_passkey(client_as(alice), key)
    options = client.get("/accounts/login/passkey").content.decode()
    signed_in = client.post("/accounts/login/passkey", {"credential": key.use(options), "next": "/activity/"})
    assert (signed_in.status_code, signed_in["Location"]) == (302, "/activity/")
    assert client.get("/activity/").status_code == 200
    assert _newest_how(alice) == "webauthn"


def test_a_challenge_is_answered_once(client: Client, client_as: ClientAs, alice: User) -> None:
    key = SoftKey()
    steps.add_passkey(client_as(alice), key)
    answer = key.use(client.get("/accounts/login/passkey").content.decode())
    other = Client()
    other.get("/accounts/login/passkey")
    assert other.post("/accounts/login/passkey", {"credential": answer})["Location"] == "/accounts/login/"
    client.post("/accounts/login/passkey", {"credential": answer})
    client.post("/accounts/logout/")
    assert client.post("/accounts/login/passkey", {"credential": answer})["Location"] == "/accounts/login/"


@pytest.mark.parametrize(
    "key", [SoftKey(verifies=False), SoftKey(origin="https://evil.example"), SoftKey(rp_id="evil.example")]
)
def test_a_passkey_of_elsewhere_or_without_a_check_of_the_person_is_not_added(
    client_as: ClientAs, alice: User, key: SoftKey
) -> None:
    answer = steps.add_passkey(client_as(alice), key)
    assert answer.status_code == 422
    assert "The passkey was not accepted." in answer.content.decode()
    assert _types(alice) == set()


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "{",
        "[]",
        "7",
        "{}",
        '{"response": 7}',
        '{"id": "x", "rawId": "x", "response": {"userHandle": "x"}}',
    ],
)
def test_nonsense_in_place_of_a_passkey_is_a_sentence(
    client: Client, client_as: ClientAs, alice: User, answer: str
) -> None:
    client.get("/accounts/login/passkey")
    assert client.post("/accounts/login/passkey", {"credential": answer})["Location"] == "/accounts/login/"
    browser = client_as(alice)
    steps.open_confirmed(browser, "/account/security/passkeys/new")
    tried = browser.post("/account/security/passkeys/new", {"name": "x", "credential": answer})
    assert tried.status_code == 422


def test_a_passkey_is_renamed_and_removed_by_its_owner_alone(
    client_as: ClientAs, alice: User, bob: User
) -> None:
    browser = client_as(alice)
    steps.add_passkey(browser, SoftKey())
    pk = Authenticator.objects.get(user=alice, type="webauthn").pk
    stranger = client_as(bob)
    for path in (f"/account/security/passkeys/{pk}/name", f"/account/security/factors/{pk}/remove"):
        assert stranger.get(path).status_code == 404
        assert stranger.post(path, {"name": "mine"}).status_code == 404
    browser.post(f"/account/security/passkeys/{pk}/name", {"name": "Blue key"})
    assert "Blue key" in browser.get("/account/security").content.decode()
    path = f"/account/security/factors/{pk}/remove"
    asked = browser.get(path)
    assert "remove the passkey “Blue key”" in browser.get(asked["Location"]).content.decode()
    steps.confirm(browser, asked)
    assert browser.post(path)["Location"] == "/account/security"
    assert _types(alice) == set()


def test_no_passkeys_are_offered_where_browsers_have_none(
    client: Client, client_as: ClientAs, alice: User, settings: Settings
) -> None:
    settings.SECURE_CONTEXT = False
    assert client.get("/accounts/login/passkey").status_code == 404
    assert "/accounts/login/passkey" not in client.get("/accounts/login/").content.decode()
    page = client_as(alice).get("/account/security").content.decode()
    assert "/account/security/passkeys/new" not in page
    assert "Browsers have passkeys only at https addresses and at localhost." in page


# --- The authenticator app ---


def test_an_app_is_set_up_with_its_first_code(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    page = steps.open_confirmed(browser, "/account/security/app")
    shown = page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert 'class="qr"' in shown
    assert "style=" not in shown
    seed = browser.session["mfa.totp.secret"]
    assert seed in shown
    wrong = browser.post("/account/security/app", {"code": "000000"})
    assert wrong.status_code == 422
    assert seed in wrong.content.decode()
    right = browser.post("/account/security/app", {"code": steps.code_of(seed)})
    assert right["Location"] == "/account/security/codes"
    assert _types(alice) == {"totp", "recovery_codes"}
    assert "mfa.totp.secret" not in browser.session


def test_the_second_step_takes_a_code_once(client: Client, alice: User) -> None:
    seed = steps.give_app(alice)
    first = steps.sign_in(client, alice)
    assert (first.status_code, first["Location"]) == (302, "/accounts/login/second")
    assert client.get("/activity/").status_code == 302
    code = steps.code_of(seed)
    assert client.post("/accounts/login/second", {"code": "000000"}).status_code == 422
    assert client.post("/accounts/login/second", {"code": code})["Location"] == "/"
    assert client.get("/activity/").status_code == 200
    other = Client()
    steps.sign_in(other, alice)
    assert other.post("/accounts/login/second", {"code": code}).status_code == 422


@pytest.mark.parametrize(("half_minutes", "taken"), [(-2, False), (-1, True), (1, True), (3, False)])
def test_a_clock_may_be_a_little_wrong(client: Client, alice: User, half_minutes: int, taken: bool) -> None:
    seed = steps.give_app(alice)
    steps.sign_in(client, alice)
    answer = client.post("/accounts/login/second", {"code": steps.code_of(seed, half_minutes)})
    assert (answer.status_code == 302) is taken


def test_a_recovery_code_works_once(client: Client, alice: User) -> None:
    steps.give_app(alice)
    codes = factors.show_recovery_codes(alice)
    assert codes
    steps.sign_in(client, alice)
    spelled = f"{codes[0][:4]}-{codes[0][4:]}"
    assert client.post("/accounts/login/second", {"code": spelled})["Location"] == "/"
    other = Client()
    steps.sign_in(other, alice)
    assert other.post("/accounts/login/second", {"code": codes[0]}).status_code == 422
    assert other.post("/accounts/login/second", {"code": codes[1]}).status_code == 302


def test_new_recovery_codes_end_the_old_ones(client_as: ClientAs, client: Client, alice: User) -> None:
    steps.give_app(alice)
    old = factors.show_recovery_codes(alice)
    browser = client_as(alice)
    page = steps.confirm(browser, browser.post("/account/security/codes/new")).content.decode()
    assert 'action="/account/security/codes/new"' in page
    assert browser.post("/account/security/codes/new")["Location"] == "/account/security/codes"
    new = re.findall(r"<li>(\d{8})</li>", browser.get("/account/security/codes").content.decode())
    assert old is not None
    assert set(new).isdisjoint(old)
    steps.sign_in(client, alice)
    assert client.post("/accounts/login/second", {"code": old[0]}).status_code == 422


def test_a_passkey_is_the_second_step_too(client: Client, client_as: ClientAs, alice: User) -> None:
    key = SoftKey()
    steps.add_passkey(client_as(alice), key)
    steps.sign_in(client, alice)
    options = steps.options_in(client.get("/accounts/login/second"))
    assert client.post("/accounts/login/second", {"credential": key.use(options)})["Location"] == "/"
    assert _newest_how(alice) == "password+webauthn"


def test_somebody_elses_passkey_is_no_second_step(
    client: Client, client_as: ClientAs, alice: User, bob: User
) -> None:
    steps.add_passkey(client_as(alice), SoftKey())
    others = SoftKey()
    steps.add_passkey(client_as(bob), others)
    steps.sign_in(client, alice)
    options = steps.options_in(client.get("/accounts/login/second"))
    assert client.post("/accounts/login/second", {"credential": others.use(options)}).status_code == 422


def test_the_second_step_needs_the_first(client: Client, alice: User) -> None:
    steps.give_app(alice)
    assert client.get("/accounts/login/second")["Location"] == "/accounts/login/"
    assert client.post("/accounts/login/second", {"code": steps.code_of()})["Location"] == "/accounts/login/"


def test_one_may_start_over_as_somebody_else(client: Client, alice: User) -> None:
    steps.give_app(alice)
    steps.sign_in(client, alice)
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
    assert client.get("/accounts/login/").status_code == 200
    assert client.get("/accounts/login/second").status_code == 302


def test_guessing_codes_is_stopped(client: Client, alice: User) -> None:
    steps.give_app(alice)
    steps.sign_in(client, alice)
    most = limits.BY_ACCOUNT["second_factor"].most
    tries = [client.post("/accounts/login/second", {"code": f"00000{n}"}).status_code for n in range(most)]
    assert tries == [422] * most
    stopped = client.post("/accounts/login/second", {"code": steps.code_of()})
    assert stopped.status_code == 429
    assert 0 < int(stopped["Retry-After"]) <= 300


def test_a_confirmation_takes_code_and_passkey(client_as: ClientAs, alice: User) -> None:
    key = SoftKey()
    browser = client_as(alice)
    steps.add_passkey(browser, key)
    steps.give_app(alice)
    asked = browser.get("/account/security/app")["Location"]
    options = steps.options_in(browser.get(asked))
    assert browser.post(asked, {"credential": key.use(options)})["Location"] == "/account/security/app"
    pk = Authenticator.objects.get(user=alice, type="totp").pk
    asked = browser.get(f"/account/security/factors/{pk}/remove")["Location"]
    assert browser.post(asked, {"code": steps.code_of()}).status_code == 302
    ways = [
        event.details["method"] for event in Event.objects.filter(action="access.confirmed").order_by("pk")
    ]
    assert ways == ["password", "passkey", "code"]


# --- At rest ---


def test_a_stolen_database_holds_no_seed_and_no_code(
    client_as: ClientAs, alice: User, settings: Settings
) -> None:
    browser = client_as(alice)
    steps.open_confirmed(browser, "/account/security/app")
    waiting = browser.session["mfa.totp.secret"]
    steps.give_app(alice)
    codes = factors.show_recovery_codes(alice)
    assert codes
    dump = _dump()
    assert not [word for word in (waiting, steps.SEED, *codes) if word in dump]
    row = Authenticator.objects.get(user=alice, type="totp")
    assert atrest.unlock("two-factor", row.data["secret"]) == steps.SEED.encode()
    settings.SECRET_KEY = "another-key-that-protects-nothing-of-value-0001"
    with pytest.raises(atrest.Unreadable):
        atrest.unlock("two-factor", row.data["secret"])


def _dump() -> str:
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        rows: list[Any] = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            rows += cursor.fetchall()
    return str(rows)


def test_a_changed_secret_key_is_a_wrong_code_and_not_an_error(
    client: Client, client_as: ClientAs, alice: User, settings: Settings
) -> None:
    steps.give_app(alice)
    before = settings.SECRET_KEY
    settings.SECRET_KEY = "another-key-that-protects-nothing-of-value-0001"
    steps.sign_in(client, alice)
    assert client.post("/accounts/login/second", {"code": steps.code_of()}).status_code == 422
    assert "You have none." in client_as(alice).get("/account/security").content.decode()
    settings.SECRET_KEY_FALLBACKS = [before]
    assert client.post("/accounts/login/second", {"code": steps.code_of()}).status_code == 302


# --- A team that requires one ---


@pytest.fixture
def strict(team: Team) -> Team:
    Team.objects.filter(pk=team.pk).update(require_two_factor=True)
    return team


def test_a_team_may_require_a_factor_before_anything_else_opens(
    client_as: ClientAs, alice: User, strict: Team
) -> None:
    browser = client_as(alice)
    assert browser.get("/projects/")["Location"] == "/account/security"
    assert browser.post("/wallets/new", {"label": "x"})["Location"] == "/account/security"
    fragment = browser.get("/running", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Redirect"]) == (403, "/account/security")
    page = browser.get("/account/security")
    assert "Halden requires a second factor." in page.content.decode()
    assert browser.post("/theme", {"theme": "dark"}).status_code == 302
    steps.give_app(alice)
    assert browser.get("/projects/").status_code == 200


def test_one_team_does_not_rule_in_another(client_as: ClientAs, alice: User, strict: Team) -> None:
    other = MembershipFactory.create(user=alice, team=TeamFactory.create(name="Zebra")).team
    browser = client_as(alice)
    browser.post("/switch", {"team": other.pk})
    assert browser.get("/projects/").status_code == 200


def test_the_last_factor_stays_while_a_team_requires_it(
    client_as: ClientAs, alice: User, strict: Team
) -> None:
    steps.give_app(alice)
    browser = client_as(alice)
    app = Authenticator.objects.get(user=alice, type="totp")
    path = f"/account/security/factors/{app.pk}/remove"
    steps.open_confirmed(browser, path)
    refused = browser.post(path)
    assert refused.status_code == 422
    assert "Halden requires a second factor. Add another one first" in refused.content.decode()
    steps.add_passkey(browser, SoftKey())
    assert browser.post(path).status_code == 302
    assert _types(alice) == {"webauthn", "recovery_codes"}


def test_recovery_codes_need_a_factor_they_stand_in_for(alice: User) -> None:
    with pytest.raises(Refusal):
        factors.renew_recovery_codes(alice)


def test_all_factors_go_on_the_way_back(alice: User) -> None:
    steps.give_app(alice)
    factors.remove_factors(alice)
    assert _types(alice) == set()


def test_the_record_tells_of_factors(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    steps.add_passkey(browser, SoftKey(), name="Blue key")
    row = Authenticator.objects.get(user=alice, type="webauthn")
    factors.rename_passkey(alice, row, "Red key")
    factors.remove_factor(alice, row)
    events = Event.objects.filter(action__startswith="factor.").order_by("pk")
    assert [(event.action, event.details) for event in events] == [
        ("factor.added", {"factor": "webauthn", "name": "Blue key"}),
        ("factor.renamed", {"factor": "webauthn", "name": "Red key"}),
        ("factor.removed", {"factor": "webauthn", "name": "Red key"}),
    ]
    assert {event.chain_id for event in events} == {str(alice.teams.get().pk)}


def test_the_format_of_passkeys_stays_allauths_own(client_as: ClientAs, alice: User) -> None:
    key = SoftKey()
    steps.add_passkey(client_as(alice), key)
    row = Authenticator.objects.get(user=alice, type="webauthn")
    assert set(row.data) == {"name", "credential"}
    assert row.data["credential"]["id"] == json.loads(key.use('{"publicKey": {"challenge": "eA"}}'))["id"]
    assert row.wrap().authenticator_data.credential_data.credential_id == key.credential_id
