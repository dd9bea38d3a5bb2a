"""Sending: limits, what is reported, what never leaves, and connecting to names below .localhost."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from run402 import Client, Exchange, LocalSigner, errors, wire
from run402.routes import route
from run402.transport import LocalhostTransport
from tests.run402.gateways import ALICE_KEY, NOON, Gateway, ok


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.run402.com",
        "ftp://api.run402.com",
        "file:///etc/passwd",
        "https://",
        "https://alice:secret@api.run402.com",
        "https://api.run402.com?x=1",
        "https://api.run402.com#x",
        "https://api.run402.com:port",
        "https://gästebuch.example",
        "https://api.run402.com\n",
        " https://api.run402.com",
    ],
)
def test_base_that_is_no_plain_http_address_is_refused_with_a_sentence(base_url: str) -> None:
    with pytest.raises(ValueError, match="The gateway's address"):
        Client(base_url)


def test_base_keeps_its_path_and_loses_its_trailing_slash() -> None:
    gateway = Gateway(ok({}))
    client = gateway.client(base_url="https://host.example/run402/")
    client.tiers.quote()
    assert client.base_url == "https://host.example/run402"
    assert str(gateway.last.url) == "https://host.example/run402/tiers/v1"


@pytest.mark.parametrize(
    ("failure", "kind", "state", "safe"),
    [
        (httpx.ConnectError("x"), errors.NetworkError, "not_started", True),
        (httpx.ConnectTimeout("x"), errors.TimedOut, "not_started", True),
        (httpx.PoolTimeout("x"), errors.TimedOut, "not_started", True),
        (httpx.ReadTimeout("x"), errors.TimedOut, "unknown", False),
        (httpx.WriteError("x"), errors.NetworkError, "unknown", False),
        (httpx.RemoteProtocolError("x"), errors.NetworkError, "unknown", False),
    ],
)
def test_failure_says_whether_a_mutation_can_have_happened(
    failure: Exception, kind: type[errors.TransportError], state: str, safe: bool
) -> None:
    with pytest.raises(kind) as raised:
        Gateway(failure).client().faucet.draw("0xA")
    error = raised.value
    assert (error.mutation_state, error.safe_to_retry, error.retryable) == (state, safe, True)


def test_failed_read_changed_nothing_and_may_be_repeated() -> None:
    with pytest.raises(errors.TimedOut) as raised:
        Gateway(httpx.ReadTimeout("x")).client().tiers.quote()
    assert (raised.value.mutation_state, raised.value.safe_to_retry) == ("none", True)


def test_failure_repeats_nothing_of_the_request() -> None:
    leaky = httpx.LocalProtocolError("Illegal header value b'secret-service-key'")
    with pytest.raises(errors.NetworkError) as raised:
        Gateway(leaky).client().projects.usage("prj_1", service_key="secret-service-key")
    assert "secret" not in f"{raised.value} {raised.value.envelope()}"


@pytest.mark.parametrize("key", ["", "a b", "a\r\nX: y", "é", "a\0"])
def test_key_that_cannot_be_one_is_refused_without_repeating_it(key: str) -> None:
    gateway = Gateway()
    with pytest.raises(ValueError, match=r"^This project key is empty or has characters that no key has\.$"):
        gateway.client().projects.usage("prj_1", service_key=key)
    assert gateway.requests == []


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b", "/x/a%2Fb"),
        ("ä ?", "/x/%C3%A4%20%3F"),
        ("a%2Fb", "/x/a%252Fb"),
        ("...", "/x/..."),
        ("{}", "/x/%7B%7D"),
    ],
)
def test_name_is_quoted_as_one_segment(name: str, path: str) -> None:
    assert route("/x/{}", name) == path
    assert httpx.URL("http://h" + path).raw_path == path.encode()


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_name_that_would_change_the_path_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must not be empty or made of dots"):
        route("/x/{}", name)


def test_answer_over_the_limit_is_refused_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_ANSWER_BYTES", 1000)
    bomb = httpx.Response(200, content=gzip.compress(b" " * 100_000), headers={"content-encoding": "gzip"})
    with pytest.raises(errors.BadAnswer, match="larger than"):
        Gateway(bomb).client().tiers.quote()


def test_answer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_ANSWER_SECONDS", -1.0)
    with pytest.raises(errors.TimedOut):
        Gateway(ok({})).client().tiers.quote()


def test_broken_compression_is_a_bad_answer() -> None:
    broken = httpx.Response(200, stream=httpx.ByteStream(b"no gzip"), headers={"content-encoding": "gzip"})
    with pytest.raises(errors.BadAnswer, match="decompressed"):
        Gateway(broken).client().tiers.quote()


def test_redirect_is_an_error_and_is_not_followed() -> None:
    gateway = Gateway(httpx.Response(307, headers={"location": "https://evil.example/"}))
    with pytest.raises(errors.ApiError, match="redirects are not followed"):
        gateway.client().tiers.status()
    assert len(gateway.requests) == 1


def test_cookies_are_not_kept() -> None:
    gateway = Gateway(ok({}, headers={"set-cookie": "session=1; Path=/"}), ok({}))
    client = gateway.client()
    client.tiers.quote()
    client.tiers.quote()
    assert "cookie" not in gateway.last.headers


def test_every_request_is_reported_once_without_anything_secret() -> None:
    seen: list[Exchange] = []
    body = httpx.ByteStream(b'{"amount_usd_micros": 1}')
    answer = httpx.Response(200, stream=body, headers={"X-Run402-Request-Id": "req_1"})
    client = Gateway(answer, httpx.ReadTimeout("x")).client(on_exchange=seen.append)
    client.faucet.draw("0xA", idempotency_key="key-1")
    with pytest.raises(errors.TimedOut):
        client.apply.operations(anon_key="secret-anon-key", limit=5)
    first, second = seen
    assert (first.method, first.path, first.status, first.trace_id, first.idempotency_key, first.at) == (
        "POST", "/faucet/v1", 200, "req_1", "key-1", NOON,
    )  # fmt: skip
    assert (first.sent_bytes, first.received_bytes) == (17, 24)
    assert (second.path, second.status) == ("/apply/v1/operations?limit=5", None)
    assert "secret" not in repr(seen)


def test_what_the_reporter_raises_reaches_the_caller() -> None:
    def refuse(exchange: Exchange) -> None:
        raise RuntimeError("lease lost")

    with pytest.raises(RuntimeError, match="lease lost"):
        Gateway(ok({})).client(on_exchange=refuse).tiers.quote()


def test_closed_client_is_closed() -> None:
    with Gateway(ok({})).client() as client:
        assert repr(client) == "Client('https://api.run402.com')"
    with pytest.raises(RuntimeError, match="closed"):
        client.tiers.quote()


class Echo(BaseHTTPRequestHandler):
    """Answers with the Host header it got and counts connections."""

    protocol_version = "HTTP/1.1"
    connections: set[int] = set()

    def do_GET(self) -> None:
        self.connections.add(self.client_address[1])
        body = b'{"tiers": {}, "host": "%s"}' % self.headers["Host"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_name_below_localhost_is_reached_with_its_host_header_over_one_connection(port: int) -> None:
    Echo.connections.clear()
    with Client(f"http://sandbox.localhost:{port}") as client:
        hosts = [client.tiers.quote().raw["host"] for _ in range(3)]
    assert hosts == [f"sandbox.localhost:{port}"] * 3
    assert len(Echo.connections) == 1


def test_other_names_are_passed_on_untouched() -> None:
    seen: list[str] = []

    def inner(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.url.host} {request.headers['Host']}")
        return ok({})

    with httpx.Client(transport=LocalhostTransport(httpx.MockTransport(inner))) as http:
        for url in ("https://a.localhost/x", "https://localhost.example/x", "http://localhost/x"):
            http.get(url)
    assert seen == ["127.0.0.1 a.localhost", "localhost.example localhost.example", "localhost localhost"]


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example", "127.0.0.1:99999"])
def test_host_that_cannot_be_resolved_is_a_network_error(host: str) -> None:
    with Client(f"http://{host}") as client, pytest.raises(errors.NetworkError) as raised:
        client.faucet.draw("0xA")
    assert (raised.value.mutation_state, raised.value.safe_to_retry) == ("not_started", True)


def test_environment_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with Client(f"http://127.0.0.1:{port}", signer=LocalSigner(ALICE_KEY)) as client:
        assert client.tiers.quote().tiers == ()
