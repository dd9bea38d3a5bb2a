"""The price tag of a button that costs: what it takes, on which network, from which wallet, and what is left."""

from __future__ import annotations

import re

from core.ui.money import money_kind, network_name, usd
from wallets.models import Wallet

#: The kinds that pay, and the test that looks at the page where each is asked for. `test_price_tags` holds it complete.
SHOWN = {
    "tier.set": "tests.billing.test_price_tags.test_a_tier_says_what_it_costs_before_anybody_pays",
    "deploy": "tests.deploys.test_money.test_a_price_the_plan_named_is_reserved_and_settled",
    "job.submit": "tests.jobs.test_pages.test_a_job_says_what_it_costs_at_most_before_anybody_submits_it",
    "redeploy": "tests.deploys.test_money.test_a_redeploy_that_costs_asks_first",
}


def require_tag(html: str, *, micros: int, network: str, wallet: Wallet, left: int | None) -> None:
    """Fail unless a button has the price, and the page says what pays and what is left (None: not known)."""
    tag = re.search(r'<span class="cost"[^>]*>\s*([^<]*?)\s*(?:<span class="net ([a-z]+)">|</span>)', html)
    assert tag is not None, "no button has a price"
    assert (tag[1], tag[2]) == (usd(micros, exact=True), money_kind(network))
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))
    after = usd(left) if left is not None else "not known yet"
    assert (network_name(network) in words, wallet.label in words) == (True, True)
    assert re.search(rf"[Aa]fter {re.escape(after)}", words), f"it does not say that {after} is left"
