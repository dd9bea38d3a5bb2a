"""GET and POST /_sandbox/checkout/<secret>: what the payment company's own page would be, without a card."""

from __future__ import annotations

import html
from dataclasses import replace
from importlib.resources import files

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox import lease
from sandbox.chain import checksum
from sandbox.lease import TIERS
from sandbox.page.state import moment
from sandbox.problems import forbidden, not_found
from sandbox.release.planner import live_bytes
from sandbox.store.checkouts import Checkout
from sandbox.web import Call, endpoint

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def show(call: Call) -> Response:
    return _page(call, _checkout(call))


def pay(call: Call) -> Response:
    """Take the payment, once, and do what was bought."""
    _refuse_foreign_pages(call)
    try:
        with call.gateway.store.transaction():
            checkout = _checkout(call)
            if _is_open(call, checkout):
                _deliver(call, checkout)
    except lease.DoesNotFit:
        said = "More is stored than this tier holds. Nothing was charged."
        return _page(call, _checkout(call), said, 409)
    return RedirectResponse(call.request.url.path.removesuffix("/pay"), 303)


def abandon(call: Call) -> Response:
    """Go away without paying, as the arrow back does: nothing is charged, and the link stays good."""
    _refuse_foreign_pages(call)
    return RedirectResponse(call.request.url.path.removesuffix("/abandon") + "?left=1", 303)


def expire(call: Call) -> Response:
    """End the link before its time."""
    _refuse_foreign_pages(call)
    call.gateway.store.checkouts.end(_checkout(call), call.gateway.clock.now())
    return RedirectResponse(call.request.url.path.removesuffix("/expire"), 303)


def _deliver(call: Call, checkout: Checkout) -> None:
    """The card's money comes into the prepaid balance and, for a tier, leaves it again: both stand in the ledger."""
    accounts, now = call.gateway.store.accounts, call.gateway.clock.now()
    before = accounts.get(checkout.address)
    after = replace(before, credit_micros=before.credit_micros + checkout.micros)
    accounts.enter(before, after, kind="stripe_topup", reference=checkout.id, now=now)
    if checkout.tier:
        tier, used = TIERS[checkout.tier], live_bytes(call.gateway.store, checkout.address)
        changed, _action = lease.change(after, tier, now, used_bytes=used)
        accounts.enter(after, changed, kind="lease_credit", reference=tier.name, now=now)
        after = replace(changed, credit_micros=changed.credit_micros - checkout.micros)
        accounts.enter(changed, after, kind="tier", reference=tier.name, now=now)
    accounts.save(after)
    call.gateway.store.checkouts.pay(checkout, now)


def _checkout(call: Call) -> Checkout:
    found = call.gateway.store.checkouts.by_secret(call.path_param("secret"))
    if found is None:
        raise not_found("CHECKOUT_NOT_FOUND", "There is no such checkout.")
    return found


def _is_open(call: Call, checkout: Checkout) -> bool:
    return checkout.paid_at is None and checkout.expires_at > call.gateway.clock.now()


def _page(call: Call, checkout: Checkout, said: str = "", status: int = 200) -> Response:
    tier = checkout.tier
    values = {
        "title": "Sandbox checkout",
        "what": f"{tier.capitalize()} tier, {TIERS[tier].lease_days} days" if tier else "Prepaid balance",
        "price": _dollars(checkout.micros),
        "wallet": checksum(checkout.address),
        "until": moment(checkout.expires_at),
        "state": _state(call, checkout, said),
    }
    template = files("sandbox.page").joinpath("checkout.html").read_text()
    for name, value in values.items():
        shown = value if name in ("until", "state") else html.escape(value)
        template = template.replace(f"{{{{ {name} }}}}", shown)
    return Response(template, status, HEADERS, media_type="text/html")


def _state(call: Call, checkout: Checkout, said: str) -> str:
    """HTML: what became of it, or the buttons."""
    if checkout.paid_at is not None:
        return _told("Paid. You can close this page.", checkout.success_url)
    if not _is_open(call, checkout):
        return _told("This link has expired. Nothing was charged.", checkout.cancel_url)
    if call.query("left"):
        said = "You left without paying. Nothing was charged, and the link stays good until then."
    path = html.escape(f"/_sandbox/checkout/{checkout.secret}")
    buttons = "".join(
        f'<form method="post" action="{path}/{name}"><button type="submit"{extra}>{word}</button></form>'
        for name, word, extra in (
            ("pay", f"Pay {_dollars(checkout.micros)}", ' class="first"'),
            ("abandon", "Abandon", ""),
            ("expire", "Let it expire", ""),
        )
    )
    return f'{_told(said, checkout.cancel_url if call.query("left") else None)}<div class="buttons">{buttons}</div>'


def _dollars(micros: int) -> str:
    return f"${micros / 1_000_000:,.2f}"


def _told(said: str, url: str | None) -> str:
    sentence = f'<p role="status">{html.escape(said)}</p>' if said else ""
    back = f'<p><a href="{html.escape(url)}" rel="noreferrer">Go back</a></p>' if url else ""
    return sentence + back


def _refuse_foreign_pages(call: Call) -> None:
    """Only the page itself may press its buttons; its own referrer policy has browsers say “null”."""
    origin = call.header("origin")
    if origin is not None and origin not in (call.origin, "null"):
        raise forbidden("This page is paid on itself only.")


routes = [
    Route("/_sandbox/checkout/{secret}", endpoint(show), methods=["GET"]),
    Route("/_sandbox/checkout/{secret}/pay", endpoint(pay), methods=["POST"]),
    Route("/_sandbox/checkout/{secret}/abandon", endpoint(abandon), methods=["POST"]),
    Route("/_sandbox/checkout/{secret}/expire", endpoint(expire), methods=["POST"]),
]
