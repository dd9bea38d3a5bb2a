"""A hundred visible tabs, each on a deploy that runs: how often they ask web in all, and what that costs it.

Each tab asks as its page says: after the delay that the last answer stated, for the address that it named. The same
number of requests to a page that reads session and person only is what its processor time is compared with; both take
turns.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from benchmarks.clicks import log_in
from benchmarks.panel import Driver
from benchmarks.processes import cpu_seconds
from benchmarks.rows import Row
from tools.forms import Browser
from tools.stack import Stack

TABS = 100
SETTLE_SECONDS, LOOK_SECONDS, ROUNDS = 8.0, 8.0, 3
MOST_A_SECOND, DEARER = 60.0, 2.0
ASKS = re.compile(r'hx-get="([^"]+)"[^>]* data-poll="(\d+)"')


@dataclass
class Tab:
    """One page: what it asks for next, and when."""

    url: str
    due: float

    def poll(self, browser: Browser) -> None:
        """Ask, and do as the answer says."""
        answer = browser.raw(self.url, headers={"HX-Request": "true"})
        if answer.status_code == 204:
            delay = answer.headers["Panel-Poll"]
        elif found := ASKS.search(answer.text):
            self.url, delay = found[1].replace("&amp;", "&"), found[2]
        else:
            raise SystemExit(f"{self.url} answered {answer.status_code} and ended the polling.")
        self.due = time.monotonic() + int(delay) / 1000


def measure(stack: Stack, driver: Driver) -> list[Row]:
    """Return how many requests a second there are, and what they cost."""
    driver.order("deploys", TABS)
    web = [stack.process_id("web")]
    with Browser(stack.layout.panel_port) as browser:
        log_in(browser, stack)
        tabs = opened(browser)
        follow(browser, tabs, SETTLE_SECONDS)
        asked, seconds, polls, plain = 0, 0.0, 0.0, 0.0
        for _ in range(ROUNDS):
            before, began = cpu_seconds(web), time.monotonic()
            count = follow(browser, tabs, LOOK_SECONDS)
            polls += cpu_seconds(web) - before
            seconds += time.monotonic() - began
            asked += count
            before = cpu_seconds(web)
            for _each in range(count):
                browser.raw("/person")
            plain += cpu_seconds(web) - before
    rate, each, base = asked / seconds, polls / asked * 1000, plain / asked * 1000
    ratio = each / base
    return [
        Row(
            "engine",
            "100 tabs on deploys: requests a second",
            round(rate, 1),
            "/s",
            None,
            None,
            MOST_A_SECOND,
            rate <= MOST_A_SECOND,
        ),
        Row(
            "engine",
            "100 tabs on deploys: CPU of a request",
            round(each, 2),
            "ms",
            round(base, 2),
            round(ratio, 2),
            DEARER,
            ratio <= DEARER,
        ),
    ]


def opened(browser: Browser) -> list[Tab]:
    """Open every deploy that runs."""
    pages = {link for number in range(1, 6) for link in browser.get(f"/deploys?page={number}").links()}
    urls = [url for url in pages if re.fullmatch(r"/deploys/[0-9a-f-]{36}", url)][:TABS]
    if len(urls) < TABS:
        raise SystemExit(f"There are {len(urls)} deploys to look at.")
    tabs = []
    for url in urls:
        tab = Tab(url, 0)
        tab.poll(browser)
        tabs.append(tab)
    return tabs


def follow(browser: Browser, tabs: list[Tab], seconds: float) -> int:
    """Ask as the tabs do for a while; return how often they asked."""
    end, count = time.monotonic() + seconds, 0
    while (now := time.monotonic()) < end:
        tab = min(tabs, key=lambda each: each.due)
        if tab.due > now:
            time.sleep(min(tab.due - now, end - now))
            continue
        tab.poll(browser)
        count += 1
    return count
