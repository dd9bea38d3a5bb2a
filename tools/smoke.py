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

import httpx

from tools.forms import Browser, Page, PageError
from tools.sites import Site, site, zipped
from tools.stack import Owner, Stack, StackError, stop_on_signals

APP = "smoke"
PATIENCE = 60.0
STOP_POLLING = 286


class StepError(Exception):
    """Which step failed, and what it saw."""


class Smoke:
    """One run through the panel; every step is a method, in the order of `STEPS`."""

    def __init__(self, stack: Stack, owner: Owner, browser: Browser) -> None:
        self.stack, self.owner, self.browser = stack, owner, browser
        self.wallet = self.project = ""
        self.deployed = False

    def log_in(self) -> None:
        page = self.browser.get("/accounts/login/")
        form = page.form(field="password")
        page = self.browser.submit(page, form, {"login": self.owner.email, "password": self.owner.password})
        if page.path.startswith("/accounts/login"):
            raise PageError("The owner's one-time password was not taken.")

    def make_wallet(self) -> None:
        page = self.browser.get("/wallets/new")
        page = self.browser.submit(page, page.form(field="label"), {"label": "Smoke"})
        self.wait_for("wallet.create")
        self.wallet = _linked(page, r"/wallets/[0-9a-f-]{36}")

    def fill_from_faucet(self) -> None:
        page = self.browser.get(self.wallet)
        self.browser.submit(page, page.form(action="/faucet"))
        self.wait_for("wallet.faucet")

    def take_prototype_tier(self) -> None:
        """Opening the price list has it read; the offer's page shows what would be paid before it can be paid."""
        offers = self.page_with(
            f"/tiers?wallet={self.wallet.rsplit('/', 1)[1]}", _leads_to("/tier/prototype")
        )
        offer = self.browser.get(_linked(offers, r"/wallets/[0-9a-f-]{36}/tier/prototype"))
        self.browser.submit(offer, offer.form(id="pay"))
        self.wait_for("tier.set")

    def make_project(self) -> None:
        page = self.browser.get("/projects/new")
        page = self.browser.submit(page, page.form(field="name"), {"name": APP})
        self.wait_for("project.provision")
        self.project = _linked(page, r"/projects/[0-9a-f-]{36}")

    def deploy_first(self) -> None:
        self.deploy(site(1))

    def deploy_second(self) -> None:
        self.deploy(site(2))

    def redeploy_first(self) -> None:
        page = self.browser.get(f"{self.project}/releases")
        forms = [form for form in page.forms if form.action.endswith("/redeploy")]
        if not forms:
            raise PageError(f"{page.path} offers no release to redeploy. It says: {page.words}")
        self.finish(self.browser.submit(page, forms[-1]), "redeploy")
        self.compare(site(1))

    def deploy(self, files: Site) -> None:
        number = self.project.rsplit("/", 1)[1]
        page = self.browser.get(f"/deploys/new?project={number}")
        address = {} if self.deployed else {"subdomain": APP}
        upload = {"archive": ("site.zip", zipped(files), "application/zip")}
        self.finish(self.browser.submit(page, page.form(id="source"), address, upload), "deploy")
        self.deployed = True
        self.compare(files)

    def finish(self, page: Page, kind: str) -> None:
        """Read the plan, agree to its warnings, confirm, and follow to the end."""
        page = self.page_with(page.path, lambda seen: _asks(seen) or "Succeeded" in seen.words)
        if _asks(page):
            form = page.form(id="confirm")
            self.browser.submit(page, form, {"ack": form.choices.get("ack", [])})
        self.wait_for(kind)

    def page_with(self, path: str, wanted: Callable[[Page], bool]) -> Page:
        """Ask for a page, as its own refresh would, until it shows what is wanted."""
        deadline = time.monotonic() + PATIENCE
        while not wanted(page := self.browser.get(path)):
            if time.monotonic() > deadline:
                raise PageError(f"{path} did not get there within {PATIENCE:.0f} s. It says: {page.words}")
            time.sleep(0.2)
        return page

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

    def wait_for(self, kind: str) -> None:
        """Follow the newest operation of `kind`, as its page would, until it succeeded."""
        activity = self.browser.get(f"/activity/?kind={kind}")
        path = _linked(activity, r"/activity/[0-9a-f-]{36}")
        deadline = time.monotonic() + PATIENCE
        while self.browser.raw(f"{path}/strip").status_code != STOP_POLLING:
            if time.monotonic() > deadline:
                raise PageError(f"The operation {kind} did not end within {PATIENCE:.0f} s.")
            time.sleep(0.1)
        ended = self.browser.get(path)
        if "Succeeded" not in ended.words:
            raise PageError(f"The operation {kind} did not succeed. {path} says: {ended.words}")


def _asks(page: Page) -> bool:
    return any(form.id == "confirm" for form in page.forms)


def _leads_to(end: str) -> Callable[[Page], bool]:
    return lambda page: any(link.endswith(end) for link in page.links())


def _linked(page: Page, pattern: str) -> str:
    """The page's own path or the first link on it that matches whole."""
    found = next((path for path in (page.path, *page.links()) if re.fullmatch(pattern, path)), None)
    if found is None:
        raise PageError(f"{page.path} leads to no {pattern}. It says: {page.words}")
    return found


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
    stop_on_signals()
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
