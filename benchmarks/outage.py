"""Pages while Run402 is stopped, and while it answers after ten seconds, against the same pages before, in one run.

A real stack with a wallet, a paid tier, a project, a release, a secret, a job and a payment by card. Every page that
links lead to from the home page is asked in turn, one of each address; a row holds the page that lost most. Two more
rows say how long it takes until pages tell, and until all is well again by itself.
"""

from __future__ import annotations

import json
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benchmarks.clicks import log_in
from benchmarks.rows import Row
from tools.forms import Browser, Page, PageError
from tools.smoke import STEPS, Smoke
from tools.stack import Stack, stop_on_signals

SLOWER = 1.5
ROUNDS = 15
TELLS_SECONDS, RECOVERS_SECONDS = 120.0, 90.0
SILENT, SLOW = "does not answer since", "answers slowly"
LEFT_OUT = ("/accounts/", "/styleguide", "/static/")
MOST_PAGES = 120
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
Times = dict[str, float]


def measure() -> list[Row]:
    """Return the rows of both outages."""
    with (
        tempfile.TemporaryDirectory(prefix="run402-bench-") as scratch,
        Stack.start(Path(scratch), patience=1) as stack,
        Browser(stack.layout.panel_port) as browser,
    ):
        furnish(stack, browser)
        pages = crawl(browser)
        before = quartiles(browser, pages)
        rows = []
        stack.kill("sandbox")
        rows.append(
            until(browser, SILENT, shown=True, name="stopped: until pages say so", limit=TELLS_SECONDS)
        )
        rows.append(worst("stopped", before, quartiles(browser, pages)))
        stack.restart("sandbox")
        rows.append(
            until(browser, SILENT, shown=False, name="stopped: until it is over", limit=RECOVERS_SECONDS)
        )
        order(stack, {"do": "delay", "path": "/*", "method": "*", "milliseconds": 10_000, "times": 100_000})
        rows.append(
            until(browser, SLOW, shown=True, name="10 s slow: until pages say so", limit=TELLS_SECONDS)
        )
        rows.append(worst("10 s slow", before, quartiles(browser, pages)))
        order(stack, None)
        rows.append(
            until(browser, SLOW, shown=False, name="10 s slow: until it is over", limit=RECOVERS_SECONDS)
        )
        return rows


def furnish(stack: Stack, browser: Browser) -> None:
    """Make a wallet, a tier, a project and a release, as the smoke run does, and something in each room beside them."""
    assert stack.owner is not None
    log_in(browser, stack)
    smoke = Smoke(stack, stack.owner, browser)
    for step in STEPS[1:6]:
        step(smoke)
    project = smoke.project.rsplit("/", 1)[1]
    secret = browser.get(f"{smoke.project}/secrets/set")
    browser.submit(secret, secret.form(id="secret"), {"key": "API_KEY", "text": "1"})
    job = browser.get(f"/jobs/new?project={project}")
    browser.submit(job, job.form(id="job"), {"input": "{}", "cap": "0.05"})
    card = browser.get(f"{smoke.wallet}/card?tier=hobby")
    browser.submit(card, card.form(id="card"))
    smoke.wait_for("checkout.create")


def crawl(browser: Browser) -> list[str]:
    """Return the pages that links lead to: of a hundred operations' pages the first."""
    found, left = {"/": "/"}, ["/"]
    while left and len(found) < MOST_PAGES:
        for link in read(browser, left.pop(0)):
            path = urlsplit(link).path
            if path.startswith("/") and not path.startswith(LEFT_OUT) and shape(path) not in found:
                found[shape(path)] = path
                left.append(path)
    return [path for path in found.values() if browser.raw(path).status_code == httpx.codes.OK]


def shape(path: str) -> str:
    """Return the address with every id in it made equal."""
    return ID.sub("…", path)


def read(browser: Browser, path: str) -> list[str]:
    """Return the links of a page; none where it is a download or leads elsewhere."""
    try:
        page: Page = browser.get(path)
    except PageError:
        return []
    return list(page.links())


def quartiles(browser: Browser, pages: list[str]) -> Times:
    """Return the seconds that a quarter of each page's answers keep; they take turns.

    Not the middle: other work on the machine makes answers late, and none makes them early.
    """
    times: dict[str, list[float]] = {page: [] for page in pages}
    for _round in range(ROUNDS):
        for page in pages:
            began = time.perf_counter()
            browser.raw(page)
            times[page].append(time.perf_counter() - began)
    return {page: statistics.quantiles(seconds, n=4)[0] for page, seconds in times.items()}


def worst(what: str, before: Times, now: Times) -> Row:
    """Return the row of the page that lost most against itself."""
    page = max(before, key=lambda name: now[name] / before[name])
    ratio = now[page] / before[page]
    name = f"{what}: worst of {len(before)} pages"
    value, base = round(now[page] * 1000, 2), round(before[page] * 1000, 2)
    return Row("outage", name, value, "ms", base, round(ratio, 2), SLOWER, ratio <= SLOWER)


def until(browser: Browser, words: str, *, shown: bool, name: str, limit: float) -> Row:
    """Return the row of the time until the home page says so, or does not any more, with nothing but people looking."""
    began = time.monotonic()
    says: Callable[[], bool] = lambda: words in browser.raw("/").text  # noqa: E731 - one word for both directions
    while says() is not shown and time.monotonic() - began < limit:
        browser.raw("/balances?asked=1")  # as an open page does
        time.sleep(0.5)
    seconds = round(time.monotonic() - began, 1)
    return Row("outage", name, seconds, "s", None, None, limit, seconds < limit)


def order(stack: Stack, knob: dict[str, object] | None) -> None:
    """Have the sandbox fail on order; None ends that."""
    port = stack.layout.sandbox_port
    url, host = f"http://127.0.0.1:{port}/_sandbox/knobs", {"Host": f"sandbox.localhost:{port}"}
    method = "DELETE" if knob is None else "POST"
    httpx.request(method, url, headers=host, json=knob, timeout=30).raise_for_status()


if __name__ == "__main__":
    stop_on_signals()
    for row in measure():
        print(json.dumps(asdict(row)))
