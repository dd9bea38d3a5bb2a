"""The secrets of people: invitations, ways back, second factors, sessions, exports of their data and of the record."""

from __future__ import annotations

import base64
import html
import re
import subprocess
import sys

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.security.canary.browser import Recorder
from tests.security.canary.secrets import Canary
from tests.security.canary.walk import Walk
from tests.teams.steps import code_of
from tools.forms import Page
from tools.layout import ROOT

GUEST = "guest@example.com"


def confirm(walk: Walk, page: Page) -> Page:
    """Give the owner's password where the panel asks who sits there, and go on to what was asked for."""
    browser = walk.browser
    if page.path.startswith("/accounts/confirm"):
        page = browser.submit(page, page.form(id="confirm-password"), {"password": walk.smoke.owner.password})
    if any(form.action and "Go on" in page.words for form in page.forms):
        page = browser.submit(page, next(form for form in page.forms if form.action))
    return page


def opened(walk: Walk, path: str) -> Page:
    """Open a page that may ask who sits there first."""
    page = walk.browser.get(path)
    return confirm(walk, page) if page.path.startswith("/accounts/confirm") else page


def invite_somebody(walk: Walk) -> None:
    """The link is shown once, in the answer to the form; its guest sets a password and joins."""
    page = opened(walk, "/team/invite")
    page = walk.browser.submit(page, page.form(id="invite"), {"email": GUEST, "role": "viewer"})
    token = _token(page.text, "invitation")
    # Its own page and form have it in their address; nothing else has.
    walk.canaries.append(
        Canary("an invitation's token", token.encode(), (r"^POST /team/invite", rf"/invitation/{token}"))
    )
    password = walk.known("a guest's password")
    with Recorder(walk.stack.layout.panel_port) as guest:
        page = guest.get(f"/invitation/{token}")
        wrong = walk.known("a guest's mistyped password")
        form = page.form(id="account-form")
        fields = {"name": "Guest", "password1": password}
        page = guest.submit(page, form, {**fields, "password2": wrong})
        guest.submit(page, page.form(id="account-form"), {**fields, "password2": password})
        guest.wander(most=60)
    walk.browser.answers += guest.answers


def come_back(walk: Walk) -> None:
    """The operator's command prints the link; no page does."""
    done = subprocess.run(
        [sys.executable, "manage.py", "recover_owner", walk.smoke.owner.email],
        cwd=ROOT,
        env=walk.stack.layout.environment("web"),
        capture_output=True,
        text=True,
        check=True,
    )
    token = _token(done.stdout, "recover")
    walk.canaries.append(Canary("a way back's token", token.encode(), (rf"/recover/{token}",)))
    weak = walk.known("a password that is not repeated")
    with Recorder(walk.stack.layout.panel_port) as browser:
        page = browser.get(f"/recover/{token}")
        browser.submit(page, page.forms[0], {"password": weak, "again": f"{weak}!"})
    walk.browser.answers += browser.answers


def set_up_an_app(walk: Walk) -> None:
    """The app's seed stands on the page that sets it up, the recovery codes on the one that follows."""
    page = opened(walk, "/account/security/app")
    found = re.search(r"[A-Z2-7]{32}", page.text)
    assert found, "the page shows no seed"
    walk.canaries.append(Canary("an app's seed", found[0].encode(), (r" /account/security/app$",)))
    page = walk.browser.submit(page, page.form(id="app-new"), {"code": code_of(found[0])})
    codes = re.findall(r"\b\d{8}\b", page.words)
    assert len(codes) >= 8, f"{page.path} shows no recovery codes"
    for code in codes[:3]:
        walk.canaries.append(Canary("a recovery code", code.encode(), (r" /account/security/codes$",)))


def remember_the_session(walk: Walk) -> None:
    """Whoever reads the database or a log may not become somebody who is signed in."""
    (cookie,) = [value for name, value in walk.browser.cookies().items() if name.endswith("sessionid")]
    walk.canaries.append(Canary("a session's cookie", cookie.encode()))


def ask_for_the_service_key(walk: Walk) -> None:
    """A tab asks with its one-time key; what comes back is sealed to it."""
    path = f"{walk.smoke.project}/service-key"
    opened(walk, path)
    point = (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )
    walk.browser.attempt(path, reader=base64.urlsafe_b64encode(point).decode().rstrip("="))
    walk.smoke.wait_for("project.reveal")


def pay_by_card(walk: Walk) -> None:
    """The address of the payment page is said by the redirect that leads there, and by nothing else."""
    page = walk.browser.get(f"{walk.smoke.wallet}/card")
    page = walk.browser.submit(page, page.form(id="card"), {"buy": "tier:hobby"})
    walk.smoke.wait_for("checkout.create")
    led = walk.browser.raw(f"{page.path}/page").headers["location"]
    secret = led.rpartition("/")[2]
    assert len(secret) > 20, f"{page.path} leads nowhere"
    walk.canaries.append(
        Canary("the address of a payment page", secret.encode(), (r"^GET /checkouts/[\w-]+/page$",))
    )
    walk.browser.raw(page.path)


def take_everything_along(walk: Walk) -> None:
    """One's own data, and the audit record in both forms."""
    opened(walk, "/account/data")
    walk.browser.attempt("/account/data", to="/account/data/export")
    for form in ("jsonl", "csv"):
        walk.browser.attempt("/activity/?tab=audit", to="/activity/export", format=form)


def add_a_webhook(walk: Walk) -> None:
    """Its address may hold a token, as Slack's do; its secret is shown once, in the answer to the form."""
    page = opened(walk, "/settings/webhooks/new")
    # A refused form comes back with what was typed, to whoever typed it.
    wrong = walk.known("a token in a refused address", (r"^POST /settings/webhooks/new",))
    right = walk.known("a token in a webhook's address")
    fields = {"name": "Chat", "kind": "signed", "events": ["operation.failed"]}
    form = page.form(field="url")
    page = walk.browser.submit(page, form, {**fields, "url": f"http://hooks.example.com/{wrong}"})
    form = page.form(field="url")
    page = walk.browser.submit(page, form, {**fields, "url": f"https://hooks.example.com/{right}"})
    found = re.search(r"whsec_[\w-]{20,}", page.text)
    assert found, f"{page.path} shows no secret"
    walk.canaries.append(Canary("a webhook's secret", found[0].encode(), (r"^POST /settings/webhooks/new",)))


def _token(text: str, word: str) -> str:
    found = re.search(rf"/{word}/([\w-]{{20,}})", html.unescape(text))
    assert found, f"no link with /{word}/"
    return found[1]
