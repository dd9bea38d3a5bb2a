"""A passkey of the running panel's people: made by a virtual authenticator, stored as sign-in stores it.

`python -m tests.rooms.passkeys` reads {email, name, credential} and stores it, with web's environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from playwright.sync_api import CDPSession, Page

from tools.layout import ROOT
from tools.stack import Stack

MAKE = """async () => {
  const bytes = () => crypto.getRandomValues(new Uint8Array(32));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  const made = await navigator.credentials.create({ publicKey: {
    challenge: bytes(), rp: { id: "localhost", name: "Panel" },
    user: { id: bytes(), name: "somebody", displayName: "Somebody" },
    pubKeyCredParams: [{ type: "public-key", alg: -7 }],
    authenticatorSelection: { userVerification: "required" },
  } });
  return { id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {}, response: {
    clientDataJSON: text(made.response.clientDataJSON),
    attestationObject: text(made.response.attestationObject),
  } };
}"""
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


def add_passkey(stack: Stack, page: Page, email: str, *, at_once: bool) -> None:
    """Have the page's authenticator make a passkey for the person; `at_once` with leave from the worker's machine."""
    if at_once:
        _run(stack, "worker", [str(ROOT / "manage.py"), "passkey_first", email])
    wanted = {"email": email, "name": "Laptop", "credential": page.evaluate(MAKE)}
    _run(stack, "web", ["-m", "tests.rooms.passkeys"], json.dumps(wanted))


def _run(stack: Stack, process: str, command: list[str], text: str = "") -> None:
    subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=stack.layout.environment(process),
        input=text,
        text=True,
        check=True,
        capture_output=True,
    )


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "run402_panel.settings")
    django.setup()
    from allauth.mfa.webauthn.internal.auth import WebAuthn

    from teams.models import User

    asked = json.load(sys.stdin)
    WebAuthn.add(User.objects.get(email=asked["email"]), asked["name"], asked["credential"])


if __name__ == "__main__":
    main()
