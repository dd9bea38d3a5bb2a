"""GET /: what the sandbox holds, for somebody who opens it in a browser."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.resources import files

from starlette.responses import Response
from starlette.routing import Route

from sandbox import lease
from sandbox.chain import FAUCET, PAY_TO, checksum
from sandbox.web import Call, endpoint

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_KNOWN = {FAUCET.lower(): "the faucet", PAY_TO.lower(): "Run402 (takes the payments)"}


def page(call: Call) -> Response:
    template = files("sandbox.page").joinpath("state.html").read_text()
    values = {
        "address": html.escape(call.gateway.settings.public_url),
        "wallets": _table(
            ("Wallet", "Test USDC", "Tier", "Lease ends"), _wallets(call), "No wallet was funded yet."
        ),
        "projects": _table(("Project", "App", "Owner", "Id"), _projects(call), "No project was made yet."),
        "transfers": _table(
            ("When", "Kind", "From", "To", "USDC"), _transfers(call), "No money has moved yet."
        ),
        "requests": _table(
            ("When", "Request", "Host", "Status", "Time"), _requests(call), "Nothing was asked yet."
        ),
    }
    for name, value in values.items():
        template = template.replace(f"{{{{ {name} }}}}", value)
    return Response(template, headers=_HEADERS, media_type="text/html")


def stylesheet(call: Call) -> Response:
    css = files("sandbox.page").joinpath("page.css").read_text()
    return Response(css, headers={"Cache-Control": "no-cache"}, media_type="text/css")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], nothing: str) -> str:
    """Cells are HTML already; everything that came from outside went through `_text`."""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    if not body:
        return f'<p class="nothing">{_text(nothing)}</p>'
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in heads)
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _wallets(call: Call) -> list[Sequence[str]]:
    store, now = call.gateway.store, call.gateway.clock.now()
    rows: list[Sequence[str]] = []
    for address, micros in store.ledger.holders():
        account = store.accounts.get(address)
        tier = f"{account.tier} ({lease.lifecycle(account, now)})" if account.tier else "none"
        ends = moment(account.lease_expires_at) if account.lease_expires_at else "–"
        rows.append((_KNOWN.get(address) or _code(checksum(address)), usdc(micros), _text(tier), ends))
    return rows


def _projects(call: Call) -> list[Sequence[str]]:
    store = call.gateway.store
    rows: list[Sequence[str]] = []
    for project in store.projects.all():
        names = [subdomain.name for subdomain in store.subdomains.of_project(project.id)]
        links = " ".join(_link(call.gateway.settings.app_url(name)) for name in names)
        owner = _who(project.owner)
        shown = links or _deployment(call, project.active_release_id)
        rows.append((_text(project.name or "unnamed"), shown, owner, _code(project.id)))
    return rows


def _deployment(call: Call, release_id: str | None) -> str:
    """The own host of the live release of a project without a name."""
    release = call.gateway.store.releases.get(release_id or "")
    if release is None:
        return "nothing deployed"
    return _link(call.gateway.settings.app_url(release.deployment_id.replace("_", "-")))


def _transfers(call: Call) -> list[Sequence[str]]:
    return [
        (
            moment(transfer.created_at),
            _text(transfer.kind),
            _who(transfer.sender),
            _who(transfer.recipient),
            usdc(transfer.micros),
        )
        for transfer in call.gateway.store.ledger.recent(10)
    ]


def _requests(call: Call) -> list[Sequence[str]]:
    return [
        (
            moment(exchange.at),
            _code(f"{exchange.method} {exchange.path}"),
            _text(exchange.host),
            str(exchange.status or "cut"),
            f"{exchange.milliseconds} ms",
        )
        for exchange in call.gateway.activity.recent()[:20]
    ]


def _text(value: str) -> str:
    return html.escape(value)


def _code(value: str) -> str:
    return f"<code>{html.escape(value)}</code>"


def _link(url: str) -> str:
    shown = url.removeprefix("http://")
    return f'<a href="{html.escape(url)}" rel="noreferrer">{html.escape(shown)}</a>'


def _who(address: str) -> str:
    """A short form of an address; the sandbox's own two have names."""
    text = checksum(address)
    return _KNOWN.get(address) or _code(f"{text[:6]}…{text[-4:]}")


def usdc(micros: int) -> str:
    return f"{micros // 1_000_000:,}.{micros % 1_000_000:06d}"


def moment(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return f'<time datetime="{at.isoformat(timespec="seconds")}">{at:%Y-%m-%d %H:%M:%S} UTC</time>'


routes = [Route("/", endpoint(page)), Route("/_sandbox/page.css", endpoint(stylesheet))]
