"""What a person does at the browser, one function for each thing; the paths are made of these."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import APIResponse, FilePayload, Locator, Page, expect

from tools.sites import Site, zipped
from tools.stack import Owner

PATIENCE = 90_000  # milliseconds, for what a worker does; it is spent by what fails alone


def submit(page: Page, form: str) -> None:
    page.locator(f"{form} [type=submit]").first.click()


def prove(page: Page, person: Owner) -> None:
    """Say with the password who sits there, if the page asks for that."""
    if "/accounts/confirm" in page.url:
        page.locator("form#confirm-password input[name=password]").fill(person.password)
        submit(page, "form#confirm-password")
        page.wait_for_url(lambda url: "/accounts/confirm" not in url)


def settle(page: Page) -> None:
    """Wait until what was started has ended: the page then reloads itself, which would stop a way elsewhere.

    A page that is not there in full has no strip either, so it is awaited before and after.
    """
    page.wait_for_load_state()
    expect(page.locator("main [id^=operation-]")).to_have_count(0, timeout=PATIENCE)
    page.wait_for_load_state()


def make_wallet(page: Page, label: str) -> str:
    """Make a wallet and wait for its address; returns its page's path."""
    page.goto("/wallets/new")
    page.locator("form#wallet input[name=label]").fill(label)
    submit(page, "form#wallet")
    expect(page.locator("form[action$='/faucet']")).to_be_visible(timeout=PATIENCE)
    return path_of(page)


def make_rich_wallet(page: Page, label: str) -> str:
    """Make a wallet and draw from the faucet."""
    wallet = make_wallet(page, label)
    ask_faucet(page, wallet)
    return wallet


def ask_faucet(page: Page, wallet: str) -> None:
    page.goto(wallet)
    submit(page, "form[action$='/faucet']")
    expect(page.locator("#money")).to_contain_text("$0.25", timeout=PATIENCE)
    settle(page)


def pay_for_tier(page: Page, wallet: str, tier: str = "prototype") -> None:
    open_tier(page, wallet, tier)
    submit(page, "form#pay")
    page.wait_for_url(f"**{wallet}*")
    settle(page)
    page.goto(f"/tiers?wallet={wallet.rsplit('/', 1)[1]}")
    expect(page.locator("#prices tr.on")).to_be_visible()


def open_tier(page: Page, wallet: str, tier: str = "prototype") -> None:
    """Go to the page that shows what would be paid, before anything is."""
    page.goto(f"/tiers?wallet={wallet.rsplit('/', 1)[1]}")
    page.locator(f"a[href$='/tier/{tier}']").click(timeout=PATIENCE)
    expect(page.locator("form#pay")).to_be_visible()


def make_project(page: Page, name: str, wallet: str = "") -> str:
    """Make a project, for the wallet of that path if one is named, and wait until it can be deployed to.

    Returns its page's path.
    """
    page.goto(f"/projects/new?wallet={wallet.rsplit('/', 1)[1]}" if wallet else "/projects/new")
    page.locator("main input[name=name]").fill(name)
    submit(page, "main form")
    expect(page.locator("main a[href*='/deploys/new']").first).to_be_visible(timeout=PATIENCE)
    return path_of(page)


def make_live_project(page: Page, name: str, files: Site, folder: Path) -> str:
    """Make a project whose app of the same name serves the files; returns its page's path."""
    project = make_project(page, name)
    upload(page, project, files, folder, subdomain=name)
    confirm(page)
    return project


def upload(page: Page, project: str, files: Site, folder: Path, subdomain: str = "") -> None:
    """Upload a zip and wait for the plan."""
    archive = folder / "site.zip"
    archive.write_bytes(zipped(files))
    page.goto(f"/deploys/new?project={project.rsplit('/', 1)[1]}")
    page.locator("form#source input[type=file]").set_input_files(archive)
    if subdomain:
        page.locator("form#source input[name=subdomain]").fill(subdomain)
    submit(page, "form#source")
    expect(page.locator("form#confirm")).to_be_visible(timeout=PATIENCE)


def confirm(page: Page) -> None:
    """Tick what has to be read, confirm the plan and wait until it is live."""
    agree(page)
    wait_until_live(page)


def agree(page: Page) -> None:
    """Tick what has to be read, once the plan is there in full, and confirm it."""
    expect(page.locator("form#confirm")).to_be_visible(timeout=PATIENCE)
    tick(page)
    submit(page, "form#confirm")


def tick(page: Page) -> None:
    """Tick what has to be read of the plan that the page shows."""
    page.wait_for_load_state()
    for box in page.locator("input[name=ack]").all():
        box.check()


def wait_until_live(page: Page) -> None:
    expect(page.locator("main .callout.ok")).to_contain_text("is live", timeout=PATIENCE)


def offer(page: Page, project: str, *files: FilePayload, manifest: str = "", subdomain: str = "") -> None:
    """Send the form of a deploy, whatever becomes of it."""
    page.goto(f"/deploys/new?project={project.rsplit('/', 1)[1]}")
    page.locator("form#source input[type=file]").set_input_files(files)
    if manifest:
        page.locator("form#source summary").first.click()
        page.locator("form#source textarea[name=manifest]").fill(manifest)
    if subdomain:
        page.locator("form#source input[name=subdomain]").fill(subdomain)
    submit(page, "form#source")


def archive(content: bytes, name: str = "site.zip") -> FilePayload:
    return {"name": name, "mimeType": "application/zip", "buffer": content}


def redeploy_oldest(page: Page, project: str) -> None:
    page.goto(f"{project}/releases")
    page.locator("form[action$='/redeploy'] [type=submit]").last.click()
    agree_if_asked(page)


def agree_if_asked(page: Page) -> None:
    """Confirm a redeploy whose plan warns; wait until it is live."""
    asked_or_live = page.locator("form#confirm, main .callout.ok").first
    expect(asked_or_live).to_be_visible(timeout=PATIENCE)
    if page.locator("form#confirm").count():
        confirm(page)
    wait_until_live(page)


def path_of(page: Page) -> str:
    """Return the path of the page's address."""
    return re.sub(r"^https?://[^/]+|[?#].*$", "", page.url)


def see(page: Page, locator: Locator) -> None:
    """Reload until the page shows it, as a person without JavaScript does."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not locator.first.is_visible():
        assert time.monotonic() < deadline, f"{page.url} never showed {locator}"
        page.wait_for_timeout(300)
        page.goto(page.url)


def post(page: Page, path: str, **fields: str) -> APIResponse:
    """Send a form that the page does not show, with the page's own session and token."""
    token = page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    origin = re.sub(r"(?<=\d)/.*$", "", page.url)
    return page.request.post(
        f"{origin}{path}",
        form={"csrfmiddlewaretoken": token, **fields},
        headers={"Referer": page.url, "Origin": origin},
        max_redirects=0,
    )


def confirm_oneself(page: Page, password: str) -> None:
    """Confirm that it is you, when the page asks; what was sent goes on from there."""
    page.wait_for_load_state()
    if "/accounts/confirm" in page.url:
        page.locator("main input[name=password]").fill(password)
        submit(page, "main form:has(input[name=password])")
        page.wait_for_url(lambda url: "/accounts/confirm" not in url)
