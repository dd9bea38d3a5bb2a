"""Mail: an outbox of sealed letters, sent by the worker over real SMTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from core import letters
from core.letters import Letter
from notifications import sending
from notifications.models import Mail
from notifications.sending import send_due as send_mail
from operations import wake
from run402_panel import env
from teams.models import Invitation, Team, User
from tests.fixtures import ClientAs, confirmed
from tests.notifications import smtp
from tests.notifications.smtp import MailServer
from wallets import vault

pytestmark = pytest.mark.django_db

Configure = Callable[[str], None]
LINK = "https://panel.example/invitation/very-secret"


@pytest.fixture(autouse=True)
def _fresh_turn() -> Iterator[None]:
    cache.delete(sending.TURN)
    yield
    cache.delete(sending.TURN)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with smtp.running() as mail:
        yield mail


@pytest.fixture
def configure(settings: Settings, keysets: None) -> Configure:
    """Return a function that gives the worker a mail server by its address."""

    def with_url(url: str) -> None:
        settings.MAIL_FROM = "Run402 Panel <panel@example.com>"
        settings.SMTP = env.smtp(url)

    return with_url


@pytest.fixture
def mail(configure: Configure, server: MailServer, team: Team) -> Mail:
    """A letter to niko in the outbox of a panel that sends by `server`."""
    configure(server.url)
    assert letters.post(Letter("niko@example.com", "Come\nin", f"Open {LINK}\n", team.pk))
    return Mail.objects.get()


def now(mail: Mail) -> tuple[str, int, str]:
    """Return state, attempts and error."""
    mail.refresh_from_db()
    return mail.state, mail.attempts, mail.error


# --- The way of a letter ---


def test_a_letter_is_sent_once_and_its_text_is_gone(mail: Mail, server: MailServer) -> None:
    assert LINK.encode() not in bytes(mail.body_sealed)
    assert (send_mail(), send_mail()) == (1, 0)
    [arrived] = server.mails
    assert (arrived["To"], arrived["From"]) == ("niko@example.com", "Run402 Panel <panel@example.com>")
    assert (arrived["Subject"], arrived["Message-ID"]) == ("Come in", f"<{mail.pk}@example.com>")
    assert LINK in arrived.get_content()
    assert now(mail) == ("sent", 1, "")
    assert (bytes(mail.body_sealed), mail.ended_at is None) == (b"", False)


def test_web_cannot_read_what_it_sealed(mail: Mail, settings: Settings) -> None:
    settings.VAULT_PRIVATE_KEYSET = ""
    with pytest.raises(vault.Locked):
        vault.unseal(bytes(mail.body_sealed), vault.Context("notifications_mail", str(mail.pk), "body"))


def test_a_text_moved_to_another_mail_does_not_open(mail: Mail, server: MailServer, team: Team) -> None:
    letters.post(Letter("mallory@example.com", "Mine", "nothing", team.pk))
    Mail.objects.filter(to="mallory@example.com").update(body_sealed=mail.body_sealed)
    send_mail()
    assert [each["To"] for each in server.mails] == ["niko@example.com"]
    other = Mail.objects.get(to="mallory@example.com")
    assert (other.state, other.error) == (
        "queued",
        "The worker cannot open the mail: it lacks the private keyset.",
    )


def test_a_letter_leaves_only_with_what_it_is_about(
    configure: Configure, server: MailServer, team: Team
) -> None:
    configure(server.url)
    with transaction.atomic():
        letters.post(Letter("niko@example.com", "Come in", LINK, team.pk))
        transaction.set_rollback(True)
    assert not Mail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_commit_wakes_the_sender_with_a_message_that_holds_nothing(
    configure: Configure, server: MailServer, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr(wake, "post", lambda *message: sent.append(message))
    configure(server.url)
    letters.post(Letter("niko@example.com", "Come in", LINK, team.pk))
    assert sent == [("notifications.send_mail", "sync")]


def test_without_mail_no_carrier_takes_a_letter(settings: Settings, team: Team) -> None:
    settings.MAIL_FROM = ""
    assert not letters.post(Letter("niko@example.com", "Come in", LINK, team.pk))
    assert not Mail.objects.exists()


def test_without_a_public_keyset_the_link_is_shown_rather_than_stored(settings: Settings, team: Team) -> None:
    settings.MAIL_FROM, settings.VAULT_PUBLIC_KEYSET = "panel@example.com", ""
    assert not letters.post(Letter("niko@example.com", "Come in", LINK, team.pk))


# --- Trouble ---


def test_a_server_that_is_not_there_is_asked_five_times_over_some_hours(
    configure: Configure, mail: Mail, server: MailServer
) -> None:
    configure("smtp://127.0.0.1:1")
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for attempt, pause in enumerate(sending.PAUSES, 1):
            assert send_mail() == 0
            assert now(mail) == ("queued", attempt, "The mail server does not answer.")
            assert mail.not_before == timezone.now() + timedelta(seconds=pause)
            assert send_mail() == 0
            assert now(mail)[1] == attempt
            clock.shift(pause)
            cache.delete(sending.TURN)
        send_mail()
    assert now(mail) == ("failed", 5, "The mail server does not answer.")
    assert bytes(mail.body_sealed) == b""
    assert timedelta(hours=3) < timedelta(seconds=sum(sending.PAUSES)) < timedelta(hours=6)


def test_after_a_while_it_arrives(configure: Configure, mail: Mail, server: MailServer) -> None:
    configure("smtp://127.0.0.1:1")
    send_mail()
    configure(server.url)
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        cache.delete(sending.TURN)
        assert send_mail() == 1
    assert (len(server.mails), now(mail)[:2]) == (1, ("sent", 2))


@pytest.mark.parametrize(
    ("answers", "state", "said"),
    [
        (
            {"RCPT": "550 no niko with https://panel.example here"},
            "failed",
            "The mail server refuses this address (550).",
        ),
        ({"RCPT": "451 later"}, "queued", "The mail server does not take this address right now."),
        ({"DATA.": "452 https://panel.example is full"}, "queued", "The mail server answered 452."),
        (
            {"AUTH": "535 no"},
            "queued",
            "The mail server does not accept the user and password of PANEL_SMTP_URL.",
        ),
    ],
)
def test_a_refusal_is_told_without_a_word_of_what_the_server_said(
    mail: Mail, server: MailServer, answers: dict[str, str], state: str, said: str
) -> None:
    server.answers = answers
    send_mail()
    assert (now(mail), server.mails) == ((state, 1, said), [])


def test_a_mail_that_fails_holds_up_no_other(mail: Mail, server: MailServer, team: Team) -> None:
    Mail.objects.filter(pk=mail.pk).update(body_sealed=b"broken")
    letters.post(Letter("nora@example.com", "Come in", "Hello", team.pk))
    assert send_mail() == 1
    assert [each["To"] for each in server.mails] == ["nora@example.com"]


def test_a_server_that_does_not_answer_is_left_alone_for_a_while(
    configure: Configure, mail: Mail, team: Team
) -> None:
    configure("smtp://127.0.0.1:1")
    letters.post(Letter("nora@example.com", "Come in", "Hello", team.pk))
    send_mail()
    send_mail()
    assert sorted(Mail.objects.values_list("attempts", flat=True)) == [0, 1]


def test_a_worker_that_died_while_sending_is_followed_by_another(mail: Mail, server: MailServer) -> None:
    claimed = sending.claim()
    assert claimed is not None
    assert (send_mail(), len(server.mails)) == (0, 0)
    with time_machine.travel(timezone.now() + timedelta(seconds=sending.PAUSES[0] + 1)):
        assert (send_mail(), now(mail)[:2]) == (1, ("sent", 2))
        sending._end(claimed, Mail.State.FAILED, "too late")
    assert now(mail)[0] == "sent"


def test_a_mail_whose_workers_always_died_has_failed(mail: Mail) -> None:
    Mail.objects.update(attempts=5)
    send_mail()
    assert now(mail) == ("failed", 5, "The worker stopped while sending.")


def test_two_workers_never_take_the_same_mail(mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one takes it between this one's look and its claim."""
    real = Mail.objects.filter
    taken: list[Mail | None] = []

    def filter_(*args: object, **kwargs: object) -> object:
        if "attempts" in kwargs and not taken:
            taken.append(None)
            taken[0] = sending.claim()
        return real(*args, **kwargs)

    monkeypatch.setattr(Mail.objects, "filter", filter_)
    assert sending.claim() is None
    assert taken[0] == mail


def test_a_worker_without_the_address_of_a_server_says_so(configure: Configure, mail: Mail) -> None:
    configure("")
    send_mail()
    assert now(mail)[2] == "The worker has no PANEL_SMTP_URL."


# --- Invitations by mail, and the list of mails ---


def test_an_invitation_travels_by_mail_and_web_never_shows_its_link(
    client_as: ClientAs, configure: Configure, server: MailServer, alice: User, team: Team
) -> None:
    configure(server.url)
    browser = confirmed(client_as(alice), "member.invite")
    form = {"email": "niko@example.com", "role": "viewer", "project_reach": "all", "wallet_reach": "all"}
    answer = browser.post("/team/invite", form)
    assert (answer.status_code, answer["Location"]) == (302, "/team")
    send_mail()
    [arrived] = server.mails
    assert arrived["Subject"] == "Invitation to the team Halden"
    found = re.search(r"http://localhost:8000(/invitation/[\w-]{43})\s", arrived.get_content())
    assert found is not None
    assert (
        "Join Halden"
        in client_as(User.objects.create_user("niko@example.com")).get(found[1]).content.decode()
    )
    assert found[1] not in browser.get("/team").content.decode()
    assert Invitation.objects.get().accepted_at is None


def test_owners_see_how_their_mails_went_and_no_text(
    client_as: ClientAs, mail: Mail, team: Team, alice: User, bob: User, charlie: User
) -> None:
    url = f"/team/{team.pk}/mails"
    assert url in client_as(alice).get("/team").content.decode()
    assert url not in client_as(bob).get("/team").content.decode()
    Mail.objects.update(state="failed", error="The mail server answered 452.")
    Mail.objects.create(to="stranger@example.com", subject="Other", team=charlie.teams.get())
    shown = client_as(alice).get(url).content.decode()
    for words in ("niko@example.com", "Come in", "Failed", "The mail server answered 452."):
        assert words in shown
    assert "stranger@example.com" not in shown
    assert LINK not in shown
    assert client_as(bob).get(url).status_code == 403
    assert client_as(charlie).get(url).status_code == 404


def test_owners_read_what_is_missing_when_no_mail_is_sent(
    client_as: ClientAs, team: Team, alice: User
) -> None:
    shown = client_as(alice).get(f"/team/{team.pk}/mails").content.decode()
    assert "This panel sends no mail" in shown


# --- Configuration ---


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp+tls://me:a%40b@mail.example", ("mail.example", 587, "me", "a@b", True, False)),
        ("smtps://mail.example", ("mail.example", 465, "", "", False, True)),
        ("smtp://mail.example:2525", ("mail.example", 2525, "", "", False, False)),
    ],
)
def test_the_address_of_a_server(url: str, expected: tuple[object, ...]) -> None:
    config = env.smtp(url)
    assert config is not None
    found = SimpleNamespace(**vars(config))
    assert (found.host, found.port, found.user, found.password, found.start_tls, found.tls) == expected
    assert "a@b" not in repr(config)


@pytest.mark.parametrize(
    "url", ["mail.example:25", "http://me:secret@mail.example", "smtp://me:secret@", "smtp://h:x"]
)
def test_a_wrong_address_stops_the_start_without_its_password(url: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        env.smtp(url)
    assert "PANEL_SMTP_URL must look like" in str(stopped.value)
    assert ":secret@" not in str(stopped.value)


@pytest.mark.parametrize("text", ["panel", "A <panel>", "panel@example.com\nBcc: x@example.com"])
def test_a_wrong_sender_stops_the_start(text: str) -> None:
    with pytest.raises(SystemExit, match="PANEL_MAIL_FROM must be an address"):
        env.mail_from(text)
