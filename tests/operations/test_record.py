"""The audit record's page: filters in the address, exports, what a thing's own page tells."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from audit import heads, refusals
from audit.models import Event
from audit.record import SYSTEM, Subject, record
from core.errors import Refusal
from operations.models import Operation
from operations.record import record_panel
from operations.runner import run_due
from teams.models import Membership, Role, Team, User
from tests.factories import (
    DeployFactory,
    OperationFactory,
    ProjectFactory,
    WalletFactory,
)
from tests.fixtures import ClientAs
from tests.operations.conftest import MakeKind, Submit
from wallets.models import Gateway, Wallet

pytestmark = pytest.mark.django_db

AUDIT = "/activity/?tab=audit"


@pytest.fixture
def web(client_as: ClientAs, alice: User, gateway: Gateway) -> Client:
    """alice's browser."""
    return client_as(alice)


@pytest.fixture
def wallet(team: Team, alice: User, gateway: Gateway) -> Wallet:
    made: Wallet = WalletFactory.create(team=team, owner=alice, gateway=gateway, label="Studio")
    return made


@pytest.fixture
def told(team: Team, alice: User, bob: User, wallet: Wallet) -> None:
    """Three entries: alice about the wallet, bob about his sign-in, the panel about a payment of the wallet."""
    entries: list[tuple[str, Any, Subject, dict[str, Any]]] = [
        ("wallet.requested", alice.actor, Subject("wallet", str(wallet.pk), "Studio"), {}),
        ("access.signed_in", bob.actor, Subject("user", str(bob.pk), "Bob"), {"method": ["password"]}),
        ("payment.settled", SYSTEM, Subject("payment", "p1", "Tier"), {"wallet": str(wallet.pk)}),
    ]
    with transaction.atomic():
        for action, actor, subject, details in entries:
            record(action, team_id=team.pk, actor=actor, subject=subject, details=details)


def _actions(web: Client, query: str) -> list[str]:
    response = web.get(f"{AUDIT}&{query}")
    assert response.status_code == 200
    return [entry.event.action for entry in response.context["page"].entries]


# --- Filters ---


def test_the_record_is_narrowed_by_its_address(web: Client, told: None, bob: User, wallet: Wallet) -> None:
    found = {
        query: _actions(web, query)
        for query in ("", f"who={bob.pk}", "who=panel", "group=wallet", "type=payment", f"about={wallet.pk}")
    }
    assert found == {
        "": ["payment.settled", "access.signed_in", "wallet.requested"],
        f"who={bob.pk}": ["access.signed_in"],
        "who=panel": ["payment.settled"],
        "group=wallet": ["wallet.requested"],
        "type=payment": ["payment.settled"],
        f"about={wallet.pk}": ["payment.settled", "wallet.requested"],
    }


def test_days_narrow_it_too(web: Client, told: None) -> None:
    today = f"{Event.objects.latest('at').at:%Y-%m-%d}"
    assert len(_actions(web, f"since={today}&until={today}")) == 3
    assert _actions(web, "until=2020-01-01") == _actions(web, "since=9999-12-31") == []
    assert len(_actions(web, "until=9999-12-31")) == 3


def test_what_is_no_choice_filters_nothing(web: Client, told: None) -> None:
    odd = "who=nobody&group=x&type=%27&about=1&since=yesterday&until=2026-99-99&page=x&q=" + "y" * 101
    assert len(_actions(web, odd)) == 3


def test_the_form_keeps_what_was_asked_for(web: Client, told: None, wallet: Wallet) -> None:
    page = web.get(f"{AUDIT}&q=tier&group=payment&since=2020-02-03&about={wallet.pk}").content.decode()
    for kept in (
        'value="tier"',
        '<option value="payment" selected>',
        'value="2020-02-03"',
        f'name="about" value="{wallet.pk}"',
    ):
        assert kept in page


def test_the_record_costs_the_same_for_many_entries(web: Client, told: None, team: Team, alice: User) -> None:
    with CaptureQueriesContext(connection) as few:
        web.get(AUDIT)
    with transaction.atomic():
        for number in range(20):
            record(
                "wallet.made", team_id=team.pk, actor=alice.actor, subject=Subject("wallet", str(number), "W")
            )
    with CaptureQueriesContext(connection) as many:
        web.get(AUDIT)
    assert len(many) == len(few)


def test_the_page_says_how_far_the_record_is_signed(web: Client, told: None, keysets: None) -> None:
    assert "Not signed yet." in web.get(AUDIT).content.decode()
    heads.sign_moved()
    assert "Signed up to entry 3" in web.get(AUDIT).content.decode()


def test_without_keysets_the_page_says_what_to_do(web: Client, told: None) -> None:
    assert "Give the worker PANEL_AUDIT_SIGNING_KEYSET_FILE" in web.get(AUDIT).content.decode()


# --- Export ---


def _export(web: Client, form: str, query: str = "") -> str:
    response = web.post(f"/activity/export?{query}", {"format": form})
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Disposition"].startswith('attachment; filename="audit-halden-20')
    return b"".join(response).decode()


def test_the_whole_record_leaves_as_jsonl_and_verifies_elsewhere(
    web: Client, told: None, keysets: None, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    heads.sign_moved()
    (tmp_path / "record.jsonl").write_text(_export(web, "jsonl"))
    call_command("audit_verify", tmp_path / "record.jsonl")
    assert "4 entries, whole. Signed up to entry 3" in capsys.readouterr().out


def test_an_export_is_its_own_last_entry(web: Client, told: None, alice: User) -> None:
    lines = [json.loads(line) for line in _export(web, "jsonl", "group=wallet").splitlines()]
    event = Event.objects.get(action="audit.exported")
    assert (event.actor_label, event.details) == (
        "Alice",
        {"format": "jsonl", "filters": {"group": "wallet"}},
    )
    assert lines[-1] == {"type": "end", "entries": 4, "digest": event.digest}
    assert [line["type"] for line in lines] == ["header", "entry", "hidden", "hidden", "hidden", "end"]


def test_the_table_holds_what_the_page_shows(web: Client, told: None) -> None:
    rows = list(csv.DictReader(_export(web, "csv", "type=payment").splitlines()))
    assert [(row["action"], row["actor"], row["object"]) for row in rows] == [
        ("payment.settled", "Run402 Panel", "Tier")
    ]


@pytest.mark.parametrize("role", Role)
def test_owners_and_admins_export(client_as: ClientAs, told: None, bob: User, role: Role) -> None:
    Membership.objects.filter(user=bob).update(role=role)
    client, may = client_as(bob), role in (Role.OWNER, Role.ADMIN)
    assert client.post("/activity/export", {"format": "csv"}).status_code == (200 if may else 403)
    assert ("Export JSONL" in client.get(AUDIT).content.decode()) == may
    assert Event.objects.filter(action="audit.exported").count() == may


def test_another_teams_record_stays_there(
    client_as: ClientAs, told: None, charlie: User, wallet: Wallet
) -> None:
    client = client_as(charlie)
    lines = [json.loads(line) for line in _exported(client, f"about={wallet.pk}")]
    assert [line["type"] for line in lines] == ["header", "hidden", "end"]
    assert client.get(AUDIT).context["page"].entries[0].event.actor_label == "Charlie"


def _exported(client: Client, query: str) -> list[str]:
    return b"".join(client.post(f"/activity/export?{query}", {"format": "jsonl"})).decode().splitlines()


def test_a_link_cannot_export_and_other_forms_are_refused(web: Client, told: None) -> None:
    assert web.get("/activity/export").status_code == 405
    assert web.post("/activity/export", {"format": "xlsx"}).status_code == 400
    assert Event.objects.filter(action="audit.exported").count() == 0


# --- A thing's own page ---


def _panel(web: Client, url: str) -> list[str]:
    response = web.get(url)
    assert response.status_code == 200
    return [entry.event.action for entry in response.context["page"].entries]


def test_a_wallet_tells_its_record(web: Client, told: None, wallet: Wallet) -> None:
    url = f"/wallets/{wallet.pk}/record"
    assert _panel(web, url) == ["payment.settled", "wallet.requested"]
    assert url in web.get(f"/wallets/{wallet.pk}").content.decode()
    assert f"{AUDIT}&amp;about={wallet.pk}" in web.get(url).content.decode()


def test_project_deploy_and_operation_tell_theirs(
    web: Client, submit: Submit, make_kind: MakeKind, wallet: Wallet
) -> None:
    project = ProjectFactory.create(team=wallet.team, wallet=wallet)
    deploy = DeployFactory.create(project=project, operation__gateway=project.gateway)
    kind = make_kind(lambda work: None)
    operation = submit(kind, project_id=project.pk, subject_id=deploy.pk, wallet=wallet)
    run_due("interactive")
    urls = (
        f"/projects/{project.pk}/panels/record",
        f"/deploys/{deploy.pk}/record",
        f"/activity/{operation.pk}/record",
        f"/wallets/{wallet.pk}/record",
    )
    assert [_panel(web, url) for url in urls] == [["operation.succeeded", "operation.requested"]] * 4
    pages = (f"/projects/{project.pk}", f"/deploys/{deploy.pk}", f"/activity/{operation.pk}")
    assert all(url in web.get(page).content.decode() for url, page in zip(urls, pages, strict=False))


def test_strangers_find_no_record(
    client_as: ClientAs, charlie: User, told: None, wallet: Wallet, team: Team, gateway: Gateway
) -> None:
    project = ProjectFactory.create(team=team, wallet=wallet)
    deploy = DeployFactory.create(project=project)
    operation = OperationFactory.create(team=team, gateway=gateway)
    stranger = client_as(charlie)
    urls = (
        f"/wallets/{wallet.pk}/record",
        f"/projects/{project.pk}/panels/record",
        f"/deploys/{deploy.pk}/record",
        f"/activity/{operation.pk}/record",
    )
    assert [stranger.get(url).status_code for url in urls] == [404] * 4


def test_a_thing_without_entries_says_so(web: Client, wallet: Wallet) -> None:
    assert "Nothing is recorded about this yet." in web.get(f"/wallets/{wallet.pk}/record").content.decode()


def test_a_things_record_is_read_in_one_query(
    web: Client,
    told: None,
    team: Team,
    alice: User,
    wallet: Wallet,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with transaction.atomic():
        for _ in range(10):
            subject = Subject("wallet", str(wallet.pk), "Studio")
            record("wallet.made", team_id=team.pk, actor=alice.actor, subject=subject)
    with django_assert_num_queries(1):
        panel = record_panel(Membership(team=team, role=Role.OWNER), wallet.pk)
    assert (len(panel.entries), panel.has_more) == (6, True)


# --- Refusals ---


def test_a_refusal_in_the_worker_stands_on_the_pages_of_what_it_was_about(
    web: Client, submit: Submit, make_kind: MakeKind, wallet: Wallet
) -> None:
    def refuse(work: Any) -> None:
        raise Refusal("LIMIT_PER_DAY", "Too much for today.")

    submit(make_kind(refuse), wallet=wallet)
    run_due("interactive")
    assert _panel(web, f"/wallets/{wallet.pk}/record") == ["operation.refused", "operation.requested"]
    assert Event.objects.get(action="operation.refused").details["code"] == "LIMIT_PER_DAY"


def test_a_person_who_lost_the_right_is_recorded_even_for_a_refresh(
    submit: Submit, make_kind: MakeKind, alice: User
) -> None:
    operations = [submit(make_kind(lambda work: None, audited=False, mutates=False)) for _ in range(2)]
    Membership.objects.filter(user=alice).update(role=Role.VIEWER)
    run_due("interactive")
    assert set(Operation.objects.values_list("state", flat=True)) == {"failed"}
    assert [event.object_id for event in Event.objects.order_by("seq")] == [row.kind for row in operations]


def test_a_refusal_at_submission_survives_the_rollback_around_it(
    make_kind: MakeKind, submit: Submit, dora: User
) -> None:
    with refusals.noting() as write:
        with pytest.raises(Refusal), transaction.atomic():
            submit(make_kind(lambda work: None), actor=dora)
        write()
    assert [event.action for event in Event.objects.all()] == ["operation.refused"]
