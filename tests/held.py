"""Answers that a browser test holds back, to let them come when the page has gone on.

search = Held(page, "**/search*")
page.keyboard.press("Control+k")
search.come().continue_()
"""

from __future__ import annotations

import time

from playwright.sync_api import Page, Route

PATIENCE = 60.0


class Held:
    """Holds every request that fits the pattern."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._page = page
        self._routes: list[Route] = []
        page.route(pattern, self._hold)

    def _hold(self, route: Route) -> None:
        self._routes.append(route)

    def come(self) -> Route:
        """Return the next request, once the page has sent it."""
        deadline = time.monotonic() + PATIENCE
        while not self._routes and time.monotonic() < deadline:
            self._page.wait_for_timeout(10)  # lets the browser's events in
        assert self._routes, "the page sent no request that was to be held"
        return self._routes.pop(0)
