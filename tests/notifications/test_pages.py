"""The inbox, the bell, the rules and the pages of webhooks."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from core import happenings
from core.registry import erasers, leaver_sources, personal_data
from notifications import services
from notifications.delivering import claim, deliver, deliver_due
from notifications.models import Delivery, Hook, MailRule, Notice
from teams.models import Membership, Role, Scope, Team, User
from tests.factories import HookFactory, MembershipFactory, WalletFactory
from tests.fixtures import ClientAs, confirmed
from tests.notifications.conftest import AddHook, Happened
from tests.notifications.receiver import Receiver
from wallets.models import Gateway

pytestmark = pytest.mark.django_db

EVENTS = ["deploy.live", "payment.unknown"]


def titles(browser: Client, query: str = "") -> list[str]:
    """Return the titles in the inbox, as links."""
    page = browser.get(f"/inbox{query}").content.decode()
    return re.findall(r'<a class="strong"[^>]*>([^<]+)</a>', page)


def bell(browser: Client) -> str:
    """Return the count at the bell of any page."""
    found = re.search(r'id="unread">(\d+)<', browser.get("/settings").content.decode())
    return found[1] if found else ""


# --- Inbox ---


@pytest.fixture
def told(team: Team, alice: User, happened: Happened) -> list[Notice]:
    """Three notices of alice's, newest last."""
    for number, event in enumerate(("payment.unknown", "lease.ending", "payment.unknown")):
        happenings.tell(happened(event, object_id=str(number), title=f"Notice {number}"))
    return list(Notice.objects.order_by("created_at"))


def test_the_inbox_lists_filters_and_counts(told: list[Notice], alice: User, client_as: ClientAs) -> None:
    browser = client_as(alice)
    assert (titles(browser), bell(browser)) == (["Notice 2", "Notice 1", "Notice 0"], "3")
    assert titles(browser, "?event=lease.ending") == ["Notice 1"]
    assert titles(browser, "?event=nonsense&state=nonsense&page=x") == ["Notice 2", "Notice 1", "Notice 0"]
    browser.post(f"/inbox/{told[1].pk}/read")
    assert titles(browser, "?state=unread") == ["Notice 2", "Notice 0"]
    assert bell(browser) == "2"


def test_opening_one_marks_it_and_leads_there(told: list[Notice], alice: User, client_as: ClientAs) -> None:
    browser = client_as(alice)
    assert browser.post(f"/inbox/{told[0].pk}/read", {"open": "1"})["Location"] == "/wallets/"
    back = browser.post(f"/inbox/{told[1].pk}/read", {"next": "/inbox?state=unread"})
    assert back["Location"] == "/inbox?state=unread"
    assert browser.post(f"/inbox/{told[2].pk}/read", {"next": "https://evil.example"})["Location"] == "/inbox"
    assert bell(browser) == ""


def test_the_first_reading_counts(told: list[Notice], alice: User, client_as: ClientAs) -> None:
    client_as(alice).post(f"/inbox/{told[0].pk}/read")
    first = Notice.objects.get(pk=told[0].pk).read_at
    client_as(alice).post(f"/inbox/{told[0].pk}/read")
    assert Notice.objects.get(pk=told[0].pk).read_at == first


def test_all_are_read_at_once_in_this_team_only(
    told: list[Notice], alice: User, charlie: User, client_as: ClientAs, happened: Happened
) -> None:
    other = charlie.memberships.get().team
    MembershipFactory.create(team=other, user=alice, role=Role.OWNER)
    happenings.tell(happened(team_id=other.pk, object_id="other", title="Elsewhere"))
    browser = client_as(alice)
    browser.post("/inbox/read")
    assert (bell(browser), titles(browser, "?state=unread")) == ("", [])
    assert list(Notice.objects.filter(person=alice, read_at=None).values_list("title", flat=True)) == [
        "Elsewhere"
    ]


def test_nobody_reads_anothers_inbox(
    told: list[Notice], bob: User, charlie: User, client_as: ClientAs
) -> None:
    for person in (bob, charlie):
        assert titles(client_as(person)) == []
        assert client_as(person).post(f"/inbox/{told[0].pk}/read").status_code == 404
    assert Client().get("/inbox").status_code == 302
    assert not Notice.objects.exclude(read_at=None).exists()


def test_what_went_out_of_reach_is_not_shown_any_more(
    team: Team, bob: User, alice: User, gateway: Gateway, client_as: ClientAs, happened: Happened
) -> None:
    near, far = (WalletFactory.create(team=team, gateway=gateway, owner=alice) for _ in range(2))
    for wallet in (near, far):
        title = "Near" if wallet == near else "Far"
        people = frozenset({bob.pk})
        happenings.tell(
            happened("deploy.live", object_id=title, title=title, people=people, wallet_id=wallet.pk)
        )
    membership = Membership.objects.get(user=bob)
    Membership.objects.filter(pk=membership.pk).update(wallets_limited=True)
    Scope.objects.create(membership=membership, kind=Scope.Kind.WALLET, object_id=near.pk)
    assert (titles(client_as(bob)), bell(client_as(bob))) == (["Near"], "1")


def test_a_long_inbox_takes_as_few_queries_as_a_short_one(
    told: list[Notice],
    alice: User,
    client_as: ClientAs,
    happened: Happened,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(60):
        happenings.tell(happened(object_id=f"more {number}", title=f"More {number}"))
    browser = client_as(alice)
    browser.get("/inbox")
    with django_assert_max_num_queries(12):
        page = browser.get("/inbox")
    assert len(re.findall('class="strong"', page.content.decode())) == 25


# --- Rules ---


def test_rules_show_defaults_and_keep_choices(alice: User, client_as: ClientAs) -> None:
    browser = client_as(alice)

    def mailed() -> set[str]:
        page = browser.get("/settings/notices").content.decode()
        return set(re.findall(r'name="mail" value="([^"]+)" checked', page))

    assert "deploy.live" not in mailed()
    assert {"operation.failed", "approval.needed"} < mailed()
    assert browser.post("/settings/notices", {"mail": EVENTS})["Location"] == "/settings/notices"
    assert mailed() == set(EVENTS)
    browser.post("/settings/notices", {"mail": ["deploy.live", "nonsense"]})
    assert mailed() == set(EVENTS)
    browser.post("/settings/notices", {})
    assert mailed() == set()


def test_operators_events_are_shown_to_operators(alice: User, bob: User, client_as: ClientAs) -> None:
    User.objects.filter(pk=bob.pk).update(is_operator=True)
    shown = [
        "instance.trouble" in client_as(u).get("/settings/notices").content.decode() for u in (alice, bob)
    ]
    assert shown == [False, True]


# --- Webhooks ---


def form(receiver: Receiver, **fields: object) -> dict[str, object]:
    return {
        "name": "Chat",
        "kind": "signed",
        "url": f"{receiver.origin}/token-very-secret",
        "events": EVENTS,
        **fields,
    }


def test_a_webhook_is_added_and_its_secret_shown_once(
    receiver: Receiver, alice: User, client_as: ClientAs
) -> None:
    browser = confirmed(client_as(alice), "hook.add")
    answer = browser.post("/settings/webhooks/new", form(receiver))
    [secret] = set(re.findall(r"whsec_[\w-]+", answer.content.decode()))
    assert "no-store" in answer["Cache-Control"]
    hook = Hook.objects.get()
    assert (hook.name, hook.events, hook.known_to) == ("Chat", EVENTS, alice)
    for url in (
        "/settings/webhooks",
        f"/settings/webhooks/{hook.pk}",
        f"/settings/webhooks/{hook.pk}/change",
    ):
        page = confirmed(browser, f"hook.change/{hook.pk}").get(url).content.decode()
        assert "Chat" in page
        assert secret not in page
        assert "very-secret" not in page


def test_adding_asks_who_sits_there_and_keeps_no_address_meanwhile(
    receiver: Receiver, alice: User, client_as: ClientAs
) -> None:
    browser = client_as(alice)
    answer = browser.post("/settings/webhooks/new", form(receiver))
    assert answer["Location"].startswith("/accounts/confirm")
    assert "very-secret" not in str(dict(browser.session.items()))
    assert not Hook.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [{"url": "http://10.0.0.1/very-secret"}, {"url": ""}, {"events": []}, {"name": ""}, {"kind": "fax"}],
)
def test_a_form_with_a_mistake_adds_nothing_and_repeats_no_address(
    receiver: Receiver, alice: User, client_as: ClientAs, fields: dict[str, object]
) -> None:
    browser = confirmed(client_as(alice), "hook.add")
    page = browser.post("/settings/webhooks/new", form(receiver, **fields)).content.decode()
    assert 'class="error"' in page
    assert "very-secret" not in page
    assert not Hook.objects.exists()


def test_a_test_is_sent_logged_and_sent_again(
    add_hook: AddHook, receiver: Receiver, alice: User, client_as: ClientAs
) -> None:
    hook, _secret = add_hook()
    browser, page = client_as(alice), f"/settings/webhooks/{hook.pk}"
    receiver.statuses = [500]
    browser.post(f"{page}/test")
    before = browser.get(f"{page}?state=queued").content.decode()
    assert f'hx-get="{page}?state=queued&amp;page=1" hx-trigger="poll"' in before
    claimed = claim()
    assert claimed is not None
    on_its_way = browser.get(page, headers={"HX-Request": "true"}).content.decode()
    deliver(claimed)
    pausing = browser.get(page, headers={"HX-Request": "true"}).content.decode()
    assert ('data-poll="1000"' in on_its_way, "<h1" in on_its_way) == (True, False)
    assert ("The receiver answered 500." in pausing, 'data-poll="5000"' in pausing) == (True, True)
    Delivery.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    deliver_due()
    assert "data-poll" not in browser.get(page).content.decode()
    delivery = Delivery.objects.get()
    assert f"/deliveries/{delivery.pk}/resend" in browser.get(f"{page}?state=sent").content.decode()
    assert str(delivery.pk) not in browser.get(f"{page}?state=failed").content.decode()
    browser.post(f"/settings/webhooks/deliveries/{delivery.pk}/resend")
    assert (deliver_due(), len(receiver.messages)) == (1, 3)


def test_a_webhook_is_changed_switched_and_removed(
    add_hook: AddHook, receiver: Receiver, alice: User, client_as: ClientAs
) -> None:
    hook, secret = add_hook()
    page = f"/settings/webhooks/{hook.pk}"
    browser = confirmed(client_as(alice), f"hook.change/{hook.pk}")
    browser.post(f"{page}/change", {"name": "Renamed", "url": "", "events": EVENTS})
    before, hook = bytes(hook.url_sealed), Hook.objects.get()
    assert (hook.name, bytes(hook.url_sealed) == before) == ("Renamed", True)
    answer = browser.post(f"{page}/secret").content.decode()
    assert "whsec_" in answer
    assert secret not in answer
    browser.post(f"{page}/off")
    assert Hook.objects.get().on is False
    browser.post(f"{page}/on")
    assert Hook.objects.get().on is True
    assert browser.post(f"{page}/remove")["Location"] == "/settings/webhooks"
    assert not Hook.objects.exists()


def test_others_read_who_may_and_strangers_find_nothing(
    alice: User, bob: User, dora: User, charlie: User, team: Team, client_as: ClientAs
) -> None:
    hook = HookFactory.create(team=team, created_by=alice)
    for url in ("/settings/webhooks", "/settings/webhooks/new", f"/settings/webhooks/{hook.pk}"):
        for person in (bob, dora):
            answer = client_as(person).get(url)
            assert (answer.status_code, "Owner or Admin" in answer.content.decode()) == (403, True)
    assert client_as(charlie).get(f"/settings/webhooks/{hook.pk}").status_code == 404
    assert client_as(charlie).post(f"/settings/webhooks/{hook.pk}/test").status_code == 404


def test_a_limited_admin_manages_no_webhooks(team: Team, bob: User, alice: User, client_as: ClientAs) -> None:
    hook = HookFactory.create(team=team, created_by=alice)
    Membership.objects.filter(user=bob).update(role=Role.ADMIN, projects_limited=True)
    for url in ("/settings/webhooks", f"/settings/webhooks/{hook.pk}"):
        assert client_as(bob).get(url).status_code == 403
    assert "/settings/webhooks" not in client_as(bob).get("/settings").content.decode()


def test_many_webhooks_and_deliveries_take_no_more_queries(
    team: Team, alice: User, client_as: ClientAs, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    hooks = [HookFactory.create(team=team, created_by=alice) for _ in range(15)]
    rows = [
        Delivery(hook=hooks[0], event="test", object_id="x", occurrence=str(n), title=f"T{n}", body="{}")
        for n in range(40)
    ]
    Delivery.objects.bulk_create(rows)
    browser = client_as(alice)
    browser.get("/settings/webhooks")
    for url in ("/settings/webhooks", f"/settings/webhooks/{hooks[0].pk}"):
        with django_assert_max_num_queries(12):
            assert browser.get(url).status_code == 200


# --- One's own data, and leaving ---


def test_a_leaver_still_knows_the_secrets_they_were_shown(
    add_hook: AddHook, alice: User, bob: User, team: Team, client_as: ClientAs
) -> None:
    hook, _secret = add_hook()
    source = leaver_sources.get("hooks")
    viewers = [Membership.objects.get(user=user) for user in (alice, bob)]
    assert [source(viewer, bob) for viewer in viewers] == [[], []]
    by_owner, by_developer = (source(viewer, alice) for viewer in viewers)
    assert [(item.title, item.button) for item in (*by_owner, *by_developer)] == [
        ("Webhook “Chat”", "Turn off"),
        ("Webhook “Chat”", ""),
    ]
    Membership.objects.filter(user=bob).update(role=Role.ADMIN)
    services.new_secret(hook=hook, actor=bob)
    assert source(viewers[0], alice) == []
    [item] = source(viewers[0], bob)
    client_as(alice).post(item.url)
    assert source(viewers[0], bob) == []


def test_ones_own_data_hold_what_one_was_told_and_can_be_erased(told: list[Notice], alice: User) -> None:
    services.set_mail_rules(person=alice, wanted=EVENTS)
    held = personal_data.get("notifications")(alice)
    assert [each["title"] for each in held["notices"]] == ["Notice 2", "Notice 1", "Notice 0"]
    assert {each["event"] for each in held["mail_rules"] if each["mail"]} == set(EVENTS)
    erasers.get("notifications")(alice)
    assert not Notice.objects.exists()
    assert not MailRule.objects.exists()
