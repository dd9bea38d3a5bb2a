"""Which payment pages a person may be led to, and what is said about all others."""

from __future__ import annotations

import pytest

from billing import hosts
from wallets.models import Gateway

CLOUD = Gateway(slug="cloud", kind=Gateway.Kind.CLOUD, url="https://api.run402.com")
SANDBOX = Gateway(slug="sandbox", kind=Gateway.Kind.SANDBOX, url="http://sandbox.localhost:8402")
CORE = Gateway(slug="core", kind=Gateway.Kind.CORE, url="http://core.localhost:9")


@pytest.mark.parametrize(
    ("gateway", "url"),
    [
        (CLOUD, "https://checkout.stripe.com/c/pay/cs_live_a1#fid"),
        (CLOUD, "https://CHECKOUT.stripe.com:443/c"),
        (SANDBOX, "http://sandbox.localhost:8402/_sandbox/checkout/cs_1"),
    ],
)
def test_the_payment_companys_own_page_and_the_sandboxs_own_are_opened(gateway: Gateway, url: str) -> None:
    assert hosts.is_allowed(url, gateway)


@pytest.mark.parametrize(
    ("gateway", "url"),
    [
        (CLOUD, "http://checkout.stripe.com/c"),
        (CLOUD, "https://checkout.stripe.com.evil.example/c"),
        (CLOUD, "https://evil.example/checkout.stripe.com"),
        (CLOUD, "https://checkout.stripe.com@evil.example/"),
        (CLOUD, "https://checkout.stripe.com:8443/c"),
        (CLOUD, "https://checkout.stripe.com\\@evil.example/"),
        (CLOUD, "https://checkout.stripe.com /c"),
        (CLOUD, "https://checkout.stripe.com./c"),
        (CLOUD, "https://сheckout.stripe.com/c"),
        (CLOUD, "https://checkout.stripe.com:port/"),
        (CLOUD, "https://[checkout.stripe.com/"),
        (CLOUD, "javascript:alert(1)"),
        (CLOUD, "data:text/html,hi"),
        (CLOUD, "//checkout.stripe.com/c"),
        (CLOUD, ""),
        (CLOUD, "https://checkout.stripe.com/" + "a" * 5000),
        (CLOUD, "http://sandbox.localhost:8402/_sandbox/checkout/cs_1"),
        (SANDBOX, "https://checkout.stripe.com/c"),
        (SANDBOX, "http://app.localhost:8402/"),
        (SANDBOX, "http://sandbox.localhost:8403/"),
        (SANDBOX, "https://sandbox.localhost:8402/"),
        (CORE, "http://core.localhost:9/pay"),
        (CORE, "https://checkout.stripe.com/c"),
    ],
)
def test_no_other_page_is_opened(gateway: Gateway, url: str) -> None:
    assert not hosts.is_allowed(url, gateway)


def test_a_foreign_page_is_one_sentence_and_a_next_step() -> None:
    fault = hosts.foreign("https://evil.example/pay/secret").fault
    assert fault.message == (
        "Run402 answered with a payment page on evil.example, which is not one that this panel opens. The link was "
        "thrown away and nothing was paid."
    )
    assert [step["url"] for step in fault.next_actions] == ["/tiers"]
    unreadable = hosts.foreign("javascript:alert('<b>')").fault
    assert "at an address that cannot be read" in unreadable.message
    assert "<b>" not in str(unreadable.as_dict())
