"""One whole panel, walked and then searched."""

from __future__ import annotations

from pathlib import Path

from tests.security.canary import search
from tests.security.canary.browser import Recorder
from tests.security.canary.opened import sealed_secrets
from tests.security.canary.steps import STEPS
from tests.security.canary.walk import Walk
from tools.stack import Stack

#: Everything that any logger has to say.
LOUD = {"PANEL_LOG_LEVEL": "DEBUG"}


def run(folder: Path) -> list[str]:
    """Return a sentence for each place where a secret stands in clear."""
    with (
        Stack.start(folder, settings=LOUD, patience=3) as stack,
        Recorder(stack.layout.panel_port) as browser,
    ):
        walk = Walk(stack, browser)
        for step in STEPS:
            step(walk)
        sealed = sealed_secrets(stack)
    _require_the_walk_to_have_worked({canary.name for canary in sealed})
    typed = {canary.value for canary in walk.canaries}  # these know where they may be shown
    canaries = [*walk.canaries, *(canary for canary in sealed if canary.value not in typed)]
    found = search.in_folder(folder, canaries) + search.in_answers(browser.answers, canaries)
    return sorted(set(found))


def _require_the_walk_to_have_worked(names: set[str]) -> None:
    """A form that was turned down leaks nothing, and proves nothing."""
    wallet, service_key = "wallets.Wallet.key_sealed of", "projects.Project.service_key_sealed of smoke"
    missing = {f"{wallet} Smoke", f"{wallet} Imported", service_key} - names
    if missing:
        raise AssertionError(f"the walk left nothing sealed for {', '.join(sorted(missing))}")
