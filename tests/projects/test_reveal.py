"""Showing a project's service key to one browser tab."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from audit.models import Event
from operations.models import Operation
from projects import keys
from projects.models import Project
from teams.models import Team, User
from tests.factories import PASSWORD, ProjectFactory, WalletFactory
from tests.fixtures import ClientAs, RunOperations
from wallets import reveal
from wallets.models import Gateway

pytestmark = pytest.mark.django_db

KEY = "service-key-of-tidepool"


@pytest.fixture
def project(team: Team, gateway: Gateway, alice: User, keysets: None) -> Project:
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice)
    made: Project = ProjectFactory.create(team=team, wallet=wallet, name="tidepool")
    made.service_key_sealed = keys.sealer(made.pk)(KEY)
    made.save()
    return made


@pytest.fixture
def tab() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def reader_of(tab: ec.EllipticCurvePrivateKey) -> str:
    return reveal.encode(tab.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def confirmed(browser: Client, url: str) -> Client:
    """Say who sits there, as the page asks before it opens."""
    asks = browser.get(url)["Location"]
    assert browser.post(asks, {"password": PASSWORD})["Location"] == url
    return browser


def test_a_developer_sees_the_service_key_once(
    project: Project,
    bob: User,
    client_as: ClientAs,
    tab: ec.EllipticCurvePrivateKey,
    run_operations: RunOperations,
) -> None:
    url = reverse("projects:service_key", args=[project.pk])
    browser = confirmed(client_as(bob), url)
    page = browser.get(url)
    assert "no-store" in page["Cache-Control"]
    fragment = browser.post(url, {"reader": reader_of(tab)}).content.decode()
    operation = Operation.objects.get(kind="project.reveal")
    sealed_url = reverse("operations:sealed", args=[operation.pk])
    assert sealed_url in fragment
    run_operations()
    sealed = browser.post(sealed_url).json()["sealed"]
    info = reveal.info(operation.pk, project.team_id, "project.reveal")
    assert reveal.SUITE.decrypt(base64.urlsafe_b64decode(f"{sealed}=="), tab, info) == KEY.encode()
    assert browser.post(sealed_url).status_code == 410
    event = Event.objects.get(action="key.revealed")
    assert (event.actor_label, event.object_label) == ("Bob", "tidepool")


def test_it_asks_first_who_sits_there(project: Project, bob: User, client_as: ClientAs) -> None:
    url, browser = reverse("projects:service_key", args=[project.pk]), client_as(bob)
    for answer in (browser.get(url), browser.post(url, {"reader": "AAAA"})):
        assert answer["Location"].startswith("/accounts/confirm?for=")
    assert not Operation.objects.exists()


def test_a_viewer_may_not_and_is_told_who_may(project: Project, dora: User, client_as: ClientAs) -> None:
    answer = client_as(dora).get(reverse("projects:service_key", args=[project.pk]))
    assert (answer.status_code, "Owner, Admin or Developer" in answer.content.decode()) == (403, True)


def test_a_key_that_the_panel_does_not_hold_has_no_button(
    project: Project, bob: User, client_as: ClientAs
) -> None:
    Project.objects.update(service_key_sealed=b"")
    url = reverse("projects:service_key", args=[project.pk])
    page = confirmed(client_as(bob), url).get(url).content.decode()
    assert "The panel does not hold this key" in page
    assert "data-reveal-start" not in page


def test_a_worker_without_its_keys_shows_nothing(
    project: Project,
    bob: User,
    client_as: ClientAs,
    tab: ec.EllipticCurvePrivateKey,
    run_operations: RunOperations,
    settings: Settings,
) -> None:
    url = reverse("projects:service_key", args=[project.pk])
    browser = confirmed(client_as(bob), url)
    browser.post(url, {"reader": reader_of(tab)})
    settings.VAULT_PRIVATE_KEYSET = ""
    run_operations()
    operation = Operation.objects.get(kind="project.reveal")
    answer = browser.post(reverse("operations:sealed", args=[operation.pk]))
    assert (answer.status_code, "sealed" in answer.json()) == (409, False)
    assert not Event.objects.filter(action="key.revealed").exists()
