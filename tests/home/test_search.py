"""Search over pages, actions and what rooms offer; the same results in the palette."""

from __future__ import annotations

import pytest
from django.urls import reverse

from home.search import marked
from teams.models import Team, User
from tests.factories import ProjectFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Gateway

pytestmark = pytest.mark.django_db

URL = "/search"
PALETTE = {"HX-Request": "true", "HX-Target": "palette-list"}


@pytest.fixture(autouse=True)
def things(alice: User, team: Team, gateway: Gateway) -> None:
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice, label="Studio testnet")
    ProjectFactory.create(team=team, wallet=wallet, name="tidepool")


def test_pages_actions_and_things_are_found(alice: User, client_as: ClientAs) -> None:
    client = client_as(alice)
    assert "<mark>Pay</mark>ments" in client.get(URL, {"q": "pay"}).content.decode()
    assert "<mark>New</mark> <mark>project</mark>" in client.get(URL, {"q": "new project"}).content.decode()
    assert "<mark>tide</mark>pool" in client.get(URL, {"q": "tide"}).content.decode()
    assert "<mark>Studio</mark> testnet" in client.get(URL, {"q": "studio"}).content.decode()


def test_nothing_found_says_so(alice: User, client_as: ClientAs) -> None:
    assert "Nothing matches “oban hotel”" in client_as(alice).get(URL, {"q": "oban hotel"}).content.decode()


def test_things_of_another_team_are_not_found(charlie: User, client_as: ClientAs) -> None:
    page = client_as(charlie).get(URL, {"q": "tidepool"}).content.decode()
    assert "Nothing matches “tidepool”" in page


def test_actions_beyond_the_role_are_left_out(dora: User, client_as: ClientAs) -> None:
    assert reverse("projects:new") not in client_as(dora).get(URL).content.decode()


def test_palette_gets_the_results_alone(alice: User, client_as: ClientAs) -> None:
    answer = client_as(alice).get(URL, {"q": "tide"}, headers=PALETTE).content.decode()
    assert ("<html" in answer, answer.count('role="option"')) == (False, 1)


@pytest.mark.parametrize(
    ("label", "text", "shown"),
    [
        ("tidepool", "", "tidepool"),
        ("tidepool", "TIDE", "<mark>tide</mark>pool"),
        ("a<b>", "b", "a&lt;<mark>b</mark>&gt;"),
        ("50% (x)", "% (", "50<mark>%</mark> <mark>(</mark>x)"),
        ("amp & lamp", "amp", "<mark>amp</mark> &amp; l<mark>amp</mark>"),
    ],
)
def test_what_was_searched_for_is_marked_and_everything_escaped(label: str, text: str, shown: str) -> None:
    assert marked(label, text) == shown
