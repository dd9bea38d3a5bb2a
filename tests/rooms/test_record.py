"""The audit record at the browser: narrowed, taken along, verified, and told on a thing's own page."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Enter, Furnished
from tools.stack import Stack

pytestmark = pytest.mark.rooms


def test_the_record_leaves_as_a_file_that_verifies_without_the_panel(
    owner_page: Page, furnished: Furnished, stack: Stack, tmp_path: Path
) -> None:
    page = owner_page
    page.goto("/activity/?tab=audit")
    steps.see(page, page.get_by_text("Signed up to entry"))  # a worker signs within seconds
    for name in ("Export JSONL", "Export CSV"):  # one after the other, from the same page
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        download.value.save_as(tmp_path / name)
    said = StringIO()
    keyset = stack.layout.keys / "audit-public.json"
    call_command("audit_verify", tmp_path / "Export JSONL", public_keyset=keyset, stdout=said)
    assert "entries, whole. Signed up to entry" in said.getvalue()
    assert (tmp_path / "Export CSV").read_text().startswith("seq,at,actor_id,actor,action,words,")


def test_the_record_is_narrowed_without_scripts(enter: Enter, furnished: Furnished) -> None:
    page = enter("owner", scripts=False)
    page.goto("/activity/?tab=audit")
    page.get_by_label("What was done").select_option("payment")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**tab=audit**group=payment**")
    expect(page.get_by_role("row").filter(has_text="Payment settled").first).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Asked for")).to_have_count(0)


def test_a_wallets_page_tells_its_record(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    page.goto(furnished.wallet)
    record = page.locator("section[aria-labelledby=record]")
    page.get_by_role("heading", name="Record").scroll_into_view_if_needed()
    expect(record.get_by_role("listitem")).to_have_count(6, timeout=steps.PATIENCE)
    record.get_by_role("link", name="All entries").click()
    page.wait_for_url("**tab=audit&about=*")
    expect(page.get_by_text("One object only")).to_be_visible()
    page.get_by_role("searchbox", name="Search").fill("Wallet made")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("row").filter(has_text="Wallet made, its limits written")).to_have_count(1)
