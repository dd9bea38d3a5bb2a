"""A virtual authenticator in the browser of a path, and the way in which a person adds its passkey."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from playwright.sync_api import CDPSession, Page

from tests.rooms import steps
from tools.layout import ROOT
from tools.stack import Owner, Stack

OPTIONS = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def plug_in(page: Page) -> tuple[CDPSession, str]:
    """Give the page's browser an authenticator that verifies its person; return the session and its id."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made: dict[str, Any] = session.send("WebAuthn.addVirtualAuthenticator", {"options": OPTIONS})
    return session, str(made["authenticatorId"])


def allow_first(stack: Stack, person: Owner) -> None:
    """Let the person's next passkey confirm at once, as the operator does on the worker's machine."""
    subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "passkey_first", person.email],
        cwd=ROOT,
        env=stack.layout.environment("worker"),
        check=True,
        capture_output=True,
    )


def add_passkey(page: Page, person: Owner) -> None:
    """Add a passkey to the person's account, on the page for that."""
    page.goto("/account/security/passkeys/new")
    steps.prove(page, person)
    page.locator("form#passkey-new input[name=name]").fill("Laptop")
    steps.submit(page, "form#passkey-new")
    page.wait_for_url(lambda url: "/passkeys/new" not in url)
