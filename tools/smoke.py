"""`make smoke`: the whole main job over HTTP, as a person without JavaScript would do it, on a stack of its own.

Log in, make a wallet, fill it from the faucet, take the prototype tier, make a project, deploy a zip, compare what is
served with it, deploy another, compare, bring the first back, compare. One line says how it went.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx

from tools.forms import Browser, Page, PageError
from tools.sites import Site, site, zipped
from tools.stack import Owner, Stack, StackError

APP = "smoke"
PATIENCE = 60.0
T = TypeVar("T")
ENDED = {"succeeded", "failed", "cancelled"}


class StepError(Exception):
    """Which step failed, and what it saw."""


class Smoke:
    """One run through the panel; every step is a method, in the order of `STEPS`."""

    def __init__(self, stack: Stack, owner: Owner, browser: Browser) -> None:
        self.stack, self.owner, self.browser = stack, owner, browser
        self.wallet = self.project = ""

    def log_in(self) -> None:
        page = self.browser.get("/accounts/login/")
        form = page.form(field="password")
        page = self.browser.submit(page, form, {"login": self.owner.email, "password": self.owner.password})
        if page.path.startswith("/accounts/login"):
            raise PageError("The owner's one-time password was not taken.")

    def make_wallet(self) -> None:
        page = self.browser.get("/wallets/new")
        page = self.browser.submit(page, page.form(field="label"), {"label": "Smoke"})
        self.wallet = self.wait_for(page.path, _wallet_of)

    def fill_from_faucet(self) -> None:
        page = self.browser.get(self.wallet)
        page = self.browser.submit(page, page.form(action="/faucet"))
        self.wait_until_done(page)

    def take_prototype_tier(self) -> None:
        page = self.browser.get("/tiers")
        page = self.browser.submit(page, page.form(action="/tier/prototype"))
        self.wait_until_done(page)

    def make_project(self) -> None:
        page = self.browser.get("/projects/new")
        page = self.browser.submit(page, page.form(field="name"), {"name": APP})
        self.project = self.wait_for(page.path, _project_of)

    def deploy_first(self) -> None:
        self.deploy(site(1))

    def deploy_second(self) -> None:
        self.deploy(site(2))

    def redeploy_first(self) -> None:
        page = self.browser.get(f"{self.project}/releases")
        forms = [form for form in page.forms if form.action.endswith("/redeploy")]
        if not forms:
            raise PageError(f"{page.path} offers no release to redeploy.")
        page = self.browser.submit(page, forms[-1])
        self.wait_until_done(page)
        self.compare(site(1))

    def deploy(self, files: Site) -> None:
        """Upload, read the plan, confirm, follow to the end, compare."""
        number = self.project.rsplit("/", 1)[1]
        page = self.browser.get(f"/deploys/new?project={number}")
        upload = {"archive": ("site.zip", zipped(files), "application/zip")}
        page = self.browser.submit(page, page.form(action="/deploys/new"), {"subdomain": APP}, upload)
        page = self.wait_for(
            page.path, lambda seen: seen if any(form.id == "confirm" for form in seen.forms) else None
        )
        page = self.browser.submit(page, page.form(id="confirm"))
        self.wait_until_done(page)
        self.compare(files)

    def compare(self, files: Site) -> None:
        """Every file of the zip is served as it is, and nothing of another release."""
        with httpx.Client(
            base_url=f"http://127.0.0.1:{self.stack.layout.sandbox_port}", timeout=10
        ) as client:
            host = {"Host": f"{APP}.localhost:{self.stack.layout.sandbox_port}"}
            for path, content in {**files, "": files["index.html"]}.items():
                answer = client.get(f"/{path}", headers=host)
                if (answer.status_code, answer.content) != (200, content):
                    raise PageError(f"{APP}.localhost/{path} is served otherwise ({answer.status_code}).")
            for path in ({*site(1), *site(2)}) - set(files):
                if client.get(f"/{path}", headers=host).status_code != httpx.codes.NOT_FOUND:
                    raise PageError(f"{APP}.localhost/{path} of another release is still served.")

    def wait_until_done(self, page: Page) -> None:
        """Follow the operation that `page` shows until it succeeded."""
        state = self.wait_for(page.path, lambda seen: _state(seen) if _state(seen) in ENDED else None)
        if state != "succeeded":
            raise PageError(f"The operation at {page.path} ended as {state}.")

    def wait_for(self, path: str, found: Callable[[Page], T | None]) -> T:
        """Ask for the page, as its own refresh would, until `found` sees something on it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            page = self.browser.get(path)
            seen = found(page)
            if seen is not None:
                return seen
            if time.monotonic() > deadline:
                raise PageError(f"{path} ({page.title}) did not get there within {PATIENCE:.0f} s.")
            if _state(page) in ("failed", "cancelled"):
                raise PageError(f"The operation at {path} ended as {_state(page)}.")
            time.sleep(0.1)


def _state(page: Page) -> str | None:
    return page.attribute("data-state")


def _wallet_of(page: Page) -> str | None:
    return _linked(page, r"/wallets/[0-9a-f-]+")


def _project_of(page: Page) -> str | None:
    return _linked(page, r"/projects/[0-9a-f-]+")


def _linked(page: Page, pattern: str) -> str | None:
    """The page's own path or the first link on it that matches whole."""
    return next((path for path in (page.path, *page.links()) if re.fullmatch(pattern, path)), None)


STEPS: tuple[Callable[[Smoke], None], ...] = (
    Smoke.log_in,
    Smoke.make_wallet,
    Smoke.fill_from_faucet,
    Smoke.take_prototype_tier,
    Smoke.make_project,
    Smoke.deploy_first,
    Smoke.deploy_second,
    Smoke.redeploy_first,
)


def walk(stack: Stack) -> None:
    if stack.owner is None:
        raise StackError("The scratch folder was not empty: nobody knows its owner's password.")
    with Browser(stack.layout.panel_port) as browser:
        smoke = Smoke(stack, stack.owner, browser)
        for step in STEPS:
            try:
                step(smoke)
            except (PageError, httpx.HTTPError) as error:
                raise StepError(f"{step.__name__.replace('_', ' ')}: {error}") from error


def run(data: Path) -> None:
    with Stack.start(data, patience=1) as stack:
        try:
            walk(stack)
        except StepError:
            for name in stack.layout.commands():
                print(f"--- {name} ---\n{stack.log_tail(name)}\n", file=sys.stderr)
            raise


def main() -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="run402-panel-smoke-") as data:
        try:
            run(Path(data))
        except (StepError, StackError) as error:
            print(f"{getattr(error, 'log', '')}\nsmoke: FAILED at {error}".lstrip(), file=sys.stderr)
            return 1
    print(f"smoke: ok, {time.monotonic() - started:.1f}s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
