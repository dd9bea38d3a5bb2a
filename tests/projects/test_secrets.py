"""Secrets, from the form to the sandbox: sealed on the way, set once, gone from the panel at every end."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from core.errors import Refusal
from operations import queue, retention
from operations.models import Operation, State
from projects import services as project_services
from projects.models import Project, Secret, SecretDraft
from projects.secrets import drafts, selectors, services
from teams.models import Membership, Role, Team, User
from tests.factories import MembershipFactory, ProjectFactory, WalletFactory
from tests.fixtures import ClientAs, RunOperations
from tests.projects.conftest import Turn
from tests.sandboxes import Sandbox
from wallets import vault
from wallets.models import Gateway, Wallet

pytestmark = pytest.mark.django_db

VALUE = "sk-live-6f1c0b7a"


@pytest.fixture
def made(alice: User, tiered_wallet: Wallet, run_operations: RunOperations) -> Project:
    """A project that is really there."""
    project = project_services.create_project(
        team=tiered_wallet.team, actor=alice, wallet=tiered_wallet, name="tidepool"
    )
    run_operations()
    project.refresh_from_db()
    return project


@pytest.fixture
def as_bob(client_as: ClientAs, bob: User) -> Client:
    return client_as(bob)


def url(project: Project, name: str, query: str = "") -> str:
    return reverse(f"projects:{name}", args=[project.pk]) + query


def post(client: Client, project: Project, name: str, query: str = "", **fields: object) -> HttpResponse:
    """Send a form."""
    return cast(HttpResponse, client.post(url(project, name, query), fields))


def there(sandbox: Sandbox, project: Project) -> dict[str, str]:
    """Return names and values as the sandbox keeps them for functions."""
    path = f"file:{sandbox.data / 'sandbox.sqlite3'}?mode=ro"
    with closing(sqlite3.connect(path, uri=True)) as database:
        rows = database.execute(
            "SELECT key, value FROM secret_values WHERE project_id = ?", [project.remote_id]
        )
        return dict(rows)


def known(project: Project) -> list[str]:
    return list(Secret.objects.filter(project=project).values_list("key", flat=True))


def newest(kind: str) -> Operation:
    return Operation.objects.filter(kind=kind).latest("created_at")


# --- One ---


def test_one_is_set_from_the_form(
    as_bob: Client, made: Project, sandbox: Sandbox, run_operations: RunOperations
) -> None:
    answer = post(as_bob, made, "secret_set", key="OPENAI_API_KEY", text=VALUE)
    assert (answer.status_code, answer.headers["Location"]) == (302, url(made, "secrets"))
    sealed = bytes(SecretDraft.objects.get().values_sealed)
    assert VALUE.encode() not in sealed
    run_operations()
    operation = newest("secrets.set")
    assert (operation.state, operation.title) == (State.SUCCEEDED, "Set OPENAI_API_KEY of tidepool")
    assert there(sandbox, made) == {"OPENAI_API_KEY": VALUE}
    assert (known(made), SecretDraft.objects.count()) == (["OPENAI_API_KEY"], 0)
    page = as_bob.get(url(made, "secrets")).content.decode()
    assert ("OPENAI_API_KEY" in page, VALUE in page) == (True, False)


def test_one_is_set_from_a_file_with_its_line_breaks(
    as_bob: Client, made: Project, sandbox: Sandbox, run_operations: RunOperations
) -> None:
    pem = "-----BEGIN KEY-----\nMIIE\n-----END KEY-----\n"
    file = SimpleUploadedFile("key.pem", pem.encode())
    assert post(as_bob, made, "secret_set", key="PEM", file=file).status_code == 302
    assert post(as_bob, made, "secret_set", key="TEXT", text="a\r\nb").status_code == 302
    run_operations()
    assert there(sandbox, made) == {"PEM": pem, "TEXT": "a\nb"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"key": "openai-key", "text": VALUE}, "Take OPENAI_KEY, in the code that reads it too."),
        ({"key": "1KEY", "text": VALUE}, "begins with no digit. Choose another one."),
        ({"key": "KEY", "text": ""}, "Type the value, or choose the file that holds it."),
        (
            {"key": "KEY", "text": f"{VALUE}{'x' * 4096}"},
            "The value has 4,112 bytes, and at most 4,096 are allowed.",
        ),
        ({"key": "KEY", "text": "é" * 2049}, "The value has 4,098 bytes"),
        (
            {"key": "KEY", "text": VALUE, "file": SimpleUploadedFile("k", b"x")},
            "Type it, or choose the file: one of the two.",
        ),
        ({"key": "KEY", "file": SimpleUploadedFile("k", b"\xff\xfe")}, "This file is no text."),
        ({"key": "KEY", "file": SimpleUploadedFile("k", b"x" * 4097)}, "more than the 4,096 bytes"),
        ({"key": "KEY", "file": SimpleUploadedFile("k", b"x" * 1_100_000)}, "more than the 4,096 bytes"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_kept(
    as_bob: Client, made: Project, fields: dict[str, object], said: str
) -> None:
    answer = post(as_bob, made, "secret_set", "", **fields)
    page = answer.content.decode()
    assert (answer.status_code, said in page, VALUE in page) == (422, True, False)
    assert (SecretDraft.objects.count(), Operation.objects.filter(kind="secrets.set").count()) == (0, 0)


def test_nothing_is_taken_when_it_cannot_be_sealed(as_bob: Client, made: Project, settings: Settings) -> None:
    settings.VAULT_PUBLIC_KEYSET = ""
    answer = post(as_bob, made, "secret_set", key="KEY", text=VALUE)
    page = answer.content.decode()
    assert (answer.status_code, "nothing can be sealed" in page, VALUE in page) == (422, True, False)


def test_a_tier_that_is_full_says_so_and_names_what_was_not_set(
    as_bob: Client, made: Project, sandbox: Sandbox, run_operations: RunOperations
) -> None:
    text = "\n".join(f"KEY_{number:02}=x" for number in range(12))
    preview = post(as_bob, made, "secrets_env", text=text).headers["Location"]
    as_bob.post(preview, {"keys": [f"KEY_{number:02}" for number in range(12)]})
    run_operations()
    operation = newest("secrets.set")
    told = " ".join(operation.events.values_list("message", flat=True))
    assert (operation.state, operation.error["code"]) == (State.FAILED, "TIER_LIMIT_EXCEEDED")
    assert "10 of 12 were set. Not set: KEY_10, KEY_11." in told
    assert operation.error["mutation_state"] == "", (
        "“Nothing has changed” would be true of the last name alone"
    )
    assert (len(there(sandbox, made)), len(known(made)), SecretDraft.objects.count()) == (10, 10, 0)


# --- A whole .env ---

ENV = f"""# for the app
export STRIPE_KEY="{VALUE}"
GREETING='Hello,
world'
lower=x
TWICE=1
TWICE=2
"""


def test_a_preview_tells_new_replaced_and_invalid_and_holds_no_value(
    as_bob: Client, made: Project, sandbox: Sandbox, run_operations: RunOperations
) -> None:
    post(as_bob, made, "secret_set", key="GREETING", text="Hi")
    run_operations()
    preview = post(as_bob, made, "secrets_env", text=ENV).headers["Location"]
    page = as_bob.get(preview).content.decode()
    assert "1 new, 1 replaced, 2 not taken." in page
    assert ("TWICE stands on the lines 6, 7" in page, "Line 5" in page) == (True, True)
    assert [secret in page for secret in (VALUE, "Hello,", "world")] == [False, False, False]
    as_bob.post(preview, {"keys": ["STRIPE_KEY", "GREETING"]})
    run_operations()
    assert there(sandbox, made) == {"STRIPE_KEY": VALUE, "GREETING": "Hello,\nworld"}
    assert SecretDraft.objects.count() == 0


def test_only_the_ticked_ones_are_set(
    as_bob: Client, made: Project, sandbox: Sandbox, run_operations: RunOperations
) -> None:
    preview = post(as_bob, made, "secrets_env", text="A=1\nB=2").headers["Location"]
    none = as_bob.post(preview, {})
    foreign = as_bob.post(preview, {"keys": ["A", "PATH"]})
    assert (none.status_code, foreign.status_code) == (422, 422)
    assert as_bob.post(preview, {"keys": ["B"]}).status_code == 302
    run_operations()
    assert there(sandbox, made) == {"B": "2"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is no NAME=value in it."),
        ("# nothing\n", "There is no NAME=value in it."),
        (
            "\n".join(f"K{number}=" for number in range(501)),
            "This sets 501 secrets, and 500 are taken at once.",
        ),
        ("A=b\n" * 70_000, "This is more than the 250,000 characters"),
    ],
)
def test_a_file_that_makes_no_sense_is_one_sentence(
    as_bob: Client, made: Project, text: str, said: str
) -> None:
    answer = post(as_bob, made, "secrets_env", text=text)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert SecretDraft.objects.count() == 0


def test_a_preview_is_its_persons_alone(
    as_bob: Client, alice: User, made: Project, client_as: ClientAs
) -> None:
    preview = post(as_bob, made, "secrets_env", text="A=1").headers["Location"]
    hers = client_as(alice)
    assert (hers.get(preview).status_code, hers.post(preview, {"keys": ["A"]}).status_code) == (302, 302)
    assert as_bob.get(preview).status_code == 200
    assert Operation.objects.filter(kind="secrets.set").count() == 0


def test_a_second_click_sets_nothing_twice(as_bob: Client, made: Project) -> None:
    preview = post(as_bob, made, "secrets_env", text="A=1").headers["Location"]
    as_bob.post(preview, {"keys": ["A"]})
    again = as_bob.post(preview, {"keys": ["A"]}, follow=True).content.decode()
    assert "The values are not here any more" in again
    assert Operation.objects.filter(kind="secrets.set").count() == 1


def test_setting_one_leaves_a_preview_open_and_another_preview_takes_its_place(
    as_bob: Client, made: Project
) -> None:
    first = post(as_bob, made, "secrets_env", text="A=1").headers["Location"]
    post(as_bob, made, "secret_set", key="B", text="2")
    open_still = as_bob.get(first).status_code
    post(as_bob, made, "secrets_env", text="A=3")
    assert (open_still, as_bob.get(first).status_code) == (200, 302)


def test_setting_nothing_takes_the_values_away(as_bob: Client, made: Project) -> None:
    preview = post(as_bob, made, "secrets_env", text="A=1").headers["Location"]
    draft = preview.partition("?")[2]
    assert post(as_bob, made, "secrets_forget", f"?{draft}").status_code == 302
    assert SecretDraft.objects.count() == 0


# --- Every end ---


@pytest.fixture
def asked(as_bob: Client, made: Project) -> Operation:
    """An operation in line that sets two secrets."""
    preview = post(as_bob, made, "secrets_env", text=f"A={VALUE}\nB=2").headers["Location"]
    as_bob.post(preview, {"keys": ["A", "B"]})
    return newest("secrets.set")


def test_cancelled_leaves_no_value(asked: Operation, bob: User) -> None:
    queue.cancel(asked, actor=bob)
    assert SecretDraft.objects.count() == 0


def test_failed_leaves_no_value(
    asked: Operation, turn: Turn, run_operations: RunOperations, sandbox: Sandbox, made: Project
) -> None:
    turn("status", method="POST", path="/projects/v1/admin/*", status=400)
    run_operations()
    asked.refresh_from_db()
    assert (asked.state, SecretDraft.objects.count(), there(sandbox, made)) == (State.FAILED, 0, {})


def test_a_gateway_that_repeats_a_value_leaves_it_nowhere(
    asked: Operation, as_bob: Client, turn: Turn, run_operations: RunOperations, made: Project
) -> None:
    turn(
        "status", method="POST", path="/projects/v1/admin/*", status=400, code="BAD", message=f"Not {VALUE}."
    )
    run_operations()
    asked.refresh_from_db()
    said = "Run402 refused A and repeated its value; its words were not kept."
    assert (asked.error["message"], asked.error["code"], asked.error["status"]) == (said, "BAD", 400)
    told = [
        str(asked.__dict__),
        *(str(row) for row in asked.events.values()),
        *map(str, asked.requests.values()),
    ]
    pages = [as_bob.get(path).content.decode() for path in (url(made, "secrets"), f"/operations/{asked.pk}")]
    assert [VALUE in text for text in (*told, *pages)] == [False] * (len(told) + 2)


def test_a_lost_answer_is_set_again_to_the_same(
    asked: Operation, turn: Turn, run_operations: RunOperations, sandbox: Sandbox, made: Project
) -> None:
    turn("drop_after", method="POST", path="/projects/v1/admin/*")
    run_operations()
    asked.refresh_from_db()
    assert (asked.state, there(sandbox, made)) == (State.SUCCEEDED, {"A": VALUE, "B": "2"})
    assert (SecretDraft.objects.count(), known(made)) == (0, ["A", "B"])


def test_values_that_are_gone_are_asked_for_again(asked: Operation, run_operations: RunOperations) -> None:
    SecretDraft.objects.all().delete()
    run_operations()
    asked.refresh_from_db()
    assert (asked.state, asked.error["code"]) == (State.FAILED, "SECRET_VALUES_GONE")


def test_values_that_are_gone_halfway_leave_word_of_what_was_set(
    asked: Operation, run_operations: RunOperations
) -> None:
    """As after a restore: no backup holds them."""
    SecretDraft.objects.all().delete()
    Operation.objects.filter(pk=asked.pk).update(checkpoints={"done": ["A"]})
    run_operations()
    asked.refresh_from_db()
    assert (asked.state, asked.error["code"]) == (State.FAILED, "SECRET_VALUES_GONE")
    assert "1 of 2 were set. Not set: B." in asked.events.values_list("message", flat=True)


def test_values_moved_to_another_row_do_not_open(
    asked: Operation, run_operations: RunOperations, made: Project
) -> None:
    other = drafts.seal(made.pk, {"A": "forged", "B": "forged"})
    SecretDraft.objects.update(values_sealed=other)
    run_operations()
    asked.refresh_from_db()
    assert (asked.state, asked.error["code"]) == (State.FAILED, "VAULT_LOCKED")


def test_a_preview_that_nobody_goes_on_with_is_swept(as_bob: Client, made: Project) -> None:
    preview = post(as_bob, made, "secrets_env", text="A=1").headers["Location"]
    assert (retention.sweep()["secret_drafts"], SecretDraft.objects.count()) == (0, 1)
    SecretDraft.objects.update(created_at=timezone.now() - drafts.KEPT - timedelta(seconds=1))
    assert as_bob.get(preview).status_code == 302
    assert (retention.sweep()["secret_drafts"], SecretDraft.objects.count()) == (1, 0)


def test_only_a_worker_opens_what_web_sealed(settings: Settings, made: Project) -> None:
    sealed = drafts.seal(made.pk, {"A": VALUE})
    settings.VAULT_PRIVATE_KEYSET = ""
    with pytest.raises(vault.Locked):
        vault.unseal(sealed, drafts.values_context(made.pk))


# --- Deleting ---


@pytest.fixture
def one_set(as_bob: Client, made: Project, run_operations: RunOperations) -> Project:
    post(as_bob, made, "secret_set", key="OLD_KEY", text=VALUE)
    run_operations()
    return made


def test_one_is_deleted_under_its_typed_name(
    as_bob: Client, one_set: Project, sandbox: Sandbox, run_operations: RunOperations
) -> None:
    wrong = post(as_bob, one_set, "secret_delete", "?key=OLD_KEY", typed="old_key")
    assert (wrong.status_code, "Type exactly OLD_KEY" in wrong.content.decode()) == (422, True)
    assert post(as_bob, one_set, "secret_delete", "?key=OLD_KEY", typed="OLD_KEY").status_code == 302
    run_operations()
    assert (newest("secret.delete").state, there(sandbox, one_set)) == (State.SUCCEEDED, {})
    assert known(one_set) == []


def test_one_that_is_gone_already_counts_as_deleted(
    bob: User, one_set: Project, run_operations: RunOperations
) -> None:
    for _twice in range(2):
        Secret.objects.get_or_create(project=one_set, key="OLD_KEY", defaults={"seen_at": timezone.now()})
        services.delete_secret(project=one_set, actor=bob, key="OLD_KEY", typed="OLD_KEY")
        run_operations()
    assert (newest("secret.delete").state, known(one_set)) == (State.SUCCEEDED, [])


def test_a_lost_answer_to_a_delete_is_looked_up(
    bob: User, one_set: Project, turn: Turn, run_operations: RunOperations
) -> None:
    services.delete_secret(project=one_set, actor=bob, key="OLD_KEY", typed="OLD_KEY")
    turn("drop_after", method="DELETE", path="/projects/v1/admin/*")
    run_operations()
    operation = newest("secret.delete")
    deletes = operation.requests.filter(method="DELETE").count()
    assert (operation.state, deletes, known(one_set)) == (State.SUCCEEDED, 1, [])


def test_what_is_not_set_cannot_be_deleted(bob: User, made: Project) -> None:
    with pytest.raises(Refusal, match="NOPE is not set"):
        services.delete_secret(project=made, actor=bob, key="NOPE", typed="NOPE")


# --- Reading ---


def test_opening_reads_the_names_once(
    as_bob: Client, one_set: Project, run_operations: RunOperations
) -> None:
    Project.objects.filter(pk=one_set.pk).update(secrets_at=None)
    Secret.objects.filter(project=one_set).delete()
    first, second = (as_bob.get(url(one_set, "secrets")).content.decode() for _twice in range(2))
    assert ("data-poll" in first, Operation.objects.filter(kind="secrets.sync").count()) == (True, 1)
    run_operations()
    after = as_bob.get(url(one_set, "secrets"), headers={"HX-Request": "true"}).content.decode()
    assert ("OLD_KEY" in second, "OLD_KEY" in after, "data-poll" in after) == (False, True, False)


def test_a_viewer_reads_them_anew(
    dora: User, one_set: Project, client_as: ClientAs, run_operations: RunOperations
) -> None:
    assert post(client_as(dora), one_set, "secrets_refresh").status_code == 302
    run_operations()
    assert newest("secrets.sync").result == {"secrets": 1}


def test_what_was_deleted_elsewhere_goes_from_the_list(
    one_set: Project, run_operations: RunOperations
) -> None:
    past = timezone.now() - timedelta(minutes=5)
    Secret.objects.create(project=one_set, key="ELSEWHERE", seen_at=past)
    services.refresh(project=one_set)
    run_operations()
    assert known(one_set) == ["OLD_KEY"]


def test_a_list_that_a_change_overtook_is_dropped(
    bob: User, one_set: Project, run_operations: RunOperations
) -> None:
    Operation.objects.filter(kind="secrets.set").update(finished_at=timezone.now() + timedelta(minutes=1))
    services.refresh(project=one_set)
    run_operations()
    assert newest("secrets.sync").result == {"dropped": True}


def test_without_the_service_key_nothing_is_asked_and_the_page_says_why(
    as_bob: Client, made: Project
) -> None:
    Project.objects.filter(pk=made.pk).update(service_key_sealed=b"")
    page = as_bob.get(url(made, "secrets")).content.decode()
    refused = post(as_bob, made, "secret_set", key="A", text=VALUE)
    assert "The panel cannot read or set them." in page
    assert (refused.status_code, Operation.objects.filter(kind__startswith="secret").count()) == (422, 0)


# --- Who ---


@pytest.mark.parametrize("role", list(Role))
def test_every_role_sees_names_and_only_makers_set_them(
    role: Role, made: Project, team: Team, client_as: ClientAs
) -> None:
    Secret.objects.create(project=made, key="SHOWN", seen_at=timezone.now())
    client = client_as(MembershipFactory.create(team=team, role=role).user)
    may = role in (Role.OWNER, Role.ADMIN, Role.DEVELOPER)
    page = client.get(url(made, "secrets")).content.decode()
    assert ("SHOWN" in page, url(made, "secret_set") in page) == (True, may)
    for name in ("secret_set", "secrets_env"):
        assert client.get(url(made, name)).status_code == (200 if may else 403)
    assert client.get(url(made, "secret_delete", "?key=SHOWN")).status_code == (200 if may else 403)
    assert client.post(url(made, "secrets_forget")).status_code == (302 if may else 403)


@pytest.mark.parametrize("name", ["secrets", "secret_set", "secrets_env", "secrets_preview", "secret_delete"])
def test_secrets_of_another_team_are_not_found(
    name: str, made: Project, charlie: User, client_as: ClientAs
) -> None:
    assert client_as(charlie).get(url(made, name)).status_code == 404


def test_a_member_who_lost_the_right_sets_nothing(
    asked: Operation, bob: User, run_operations: RunOperations, sandbox: Sandbox, made: Project
) -> None:
    Membership.objects.filter(user=bob).update(role=Role.VIEWER)
    run_operations()
    asked.refresh_from_db()
    assert (asked.error["code"], there(sandbox, made)) == ("NOT_ALLOWED", {})
    assert SecretDraft.objects.count() == 0


def test_names_are_found_by_the_search(as_bob: Client, made: Project) -> None:
    Secret.objects.create(project=made, key="STRIPE_KEY", seen_at=timezone.now())
    page = as_bob.get("/search", {"q": "stripe"}).content.decode()
    assert ("<mark>STRIPE</mark>_KEY" in page, url(made, "secrets") in page) == (True, True)


def test_the_page_costs_the_same_for_many(
    as_bob: Client,
    team: Team,
    gateway: Gateway,
    alice: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice)
    project = ProjectFactory.create(
        team=team, wallet=wallet, service_key_sealed=b"sealed", secrets_at=timezone.now()
    )
    now = timezone.now()
    Secret.objects.bulk_create(
        Secret(project=project, key=f"KEY_{number}", updated_at=now, seen_at=now) for number in range(40)
    )
    as_bob.get(url(project, "secrets"))
    with django_assert_max_num_queries(12):
        as_bob.get(url(project, "secrets"))
    with django_assert_max_num_queries(12):
        as_bob.get(url(project, "secrets_panel"))


def test_selectors_read_one_team_only(made: Project, charlie: User) -> None:
    Secret.objects.create(project=made, key="OURS", seen_at=timezone.now())
    reach = Membership.objects.get(user=charlie).reach
    assert list(selectors.found_secrets(reach, "OURS")) == []


def test_the_commands_ask_the_gateway_of_the_project(as_bob: Client, made: Project) -> None:
    for name in ("secrets", "secrets_env"):
        page = as_bob.get(url(made, name)).content.decode()
        assert f"export RUN402_API_BASE={made.gateway.url}\nrun402 secrets" in page, name


@pytest.mark.parametrize("role", list(Role))
def test_who_may_is_led_to_importing_the_keys(
    role: Role, made: Project, team: Team, client_as: ClientAs
) -> None:
    Project.objects.filter(pk=made.pk).update(service_key_sealed=b"")
    client = client_as(MembershipFactory.create(team=team, role=role).user)
    may = role in (Role.OWNER, Role.ADMIN, Role.DEVELOPER)
    link = f'href="/projects/adopt?wallet={made.wallet_id}"'
    assert (link in client.get(url(made, "secrets")).content.decode()) == may
    for name in ("secret_set", "secrets_env") if may else ():
        assert link in client.get(url(made, name)).content.decode()


def test_a_refusal_without_the_key_leads_to_importing_it(bob: User, made: Project) -> None:
    made.service_key_sealed = b""
    with pytest.raises(Refusal, match="Import its keys from the CLI's file") as refused:
        services.delete_secret(project=made, actor=bob, key="A", typed="A")
    assert [step["url"] for step in refused.value.fault.next_actions] == ["/projects/adopt"]
