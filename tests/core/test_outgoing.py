"""The guard for addresses that people give, over real sockets, with a resolver that lies when it is told to."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.errors import Refusal
from core.outgoing import Guard, Rules, Unreachable
from core.outgoing.addresses import is_never, is_public
from run402_panel import env

PUBLIC = "93.184.215.14"
NAME = "hooks.example.com"

NOT_PUBLIC = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1"),
    *(
        "172.31.255.255",
        "192.168.1.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
    ),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
    *("::", "::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1"),
    *(
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "64:ff9b::10.0.0.1",
    ),
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "3fff::1", "5f00::1", "100::1", "fec0::1", "nonsense", "1.2.3"),
]
ARE_PUBLIC = ["1.1.1.1", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::8.8.8.8"]
TRICKS = [
    *(
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
    ),
    *("https://10.0.0.0x1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/"),
    *(
        "https://93.184.215.14/",
        "https://localhost/",
        "https://redis/",
        "https://a..b/",
        "https://example.com./",
    ),
    *("https://user@example.com/", "https://user:pass@example.com/", "https://example.com@127.0.0.1/"),
    *(
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:1",
    ),
    *(
        "https://example.com:22/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:8443/",
    ),
    *(
        "https://exa mple.com/",
        "https://example.com\\@127.0.0.1/",
        "https://exam\nple.com/",
        "https://a%00b.com/",
    ),
    *(
        "https://127.0.0.1%2f@example.com/",
        "https://１２７.0.0.1/",
        "//example.com/",
        "example.com",
        "",
        "https://",
    ),
    *(
        "https://exa%6dple.com/",
        f"https://example.com/{'a' * 2048}",
        "https://-a.example.com/",
        "https:///example.com",
    ),
]


class Seen(http.server.ThreadingHTTPServer):
    """A server of one answer that keeps what it was asked."""

    def __init__(self, answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> None:
        self.asked: list[tuple[str, str, str, bytes]] = []
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked.append((self.command, self.path, self.headers["Host"], body))
                with contextlib.suppress(OSError):
                    answer(self)

            do_GET = do_POST  # noqa: N815 - the name that http.server calls

            def log_message(self, *args: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextlib.contextmanager
def serving(answer: Callable[[Any], None], context: ssl.SSLContext | None = None) -> Iterator[Seen]:
    with Seen(answer) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def says(status: int, body: bytes = b"", **headers: str) -> Callable[[Any], None]:
    def answer(handler: Any) -> None:
        handler.send_response(status)
        for name, text in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, text)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


class Resolver:
    """Answers in turn; the last answer stays."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def allowed(port: int, scheme: str = "http") -> Rules:
    """The operator's permission for the local server under its name."""
    return Rules(allow=frozenset({f"{scheme}://{NAME}:{port}"}))


def at_home(**options: Any) -> Guard:
    return Guard(resolver=Resolver(["127.0.0.1"]), **options)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_is_not_the_public_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ARE_PUBLIC)
def test_is_the_public_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", TRICKS)
def test_spelling_is_refused_without_asking_anybody(url: str) -> None:
    resolver = Resolver([PUBLIC])
    with pytest.raises(Refusal) as refusal:
        Guard(Rules(), resolver=resolver).send("POST", url)
    assert (refusal.value.fault.code, resolver.asked) == ("ADDRESS_REFUSED", 0)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://hooks.example.com", "hooks.example.com", 443, b"/"),
        ("https://Hooks.Example.com:443/a?b=c#d", "hooks.example.com", 443, b"/a?b=c"),
        ("https://bücher.example/ä", "xn--bcher-kva.example", 443, b"/%C3%A4"),
    ],
)
def test_plain_address_is_taken(url: str, host: str, port: int, path: bytes) -> None:
    target = Guard(Rules()).check(url)
    assert (target.host, target.port, target.path, target.exempt) == (host, port, path, False)


def test_operator_may_open_ports_and_http() -> None:
    rules = Rules(http=True, ports=frozenset({8443}))
    assert [rules.check(url).port for url in ("https://a.example:8443/", "http://a.example/")] == [8443, 80]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["::1"], [PUBLIC, "10.0.0.1"], ["64:ff9b::7f00:1"], ["169.254.169.254"]]
)
def test_name_with_one_private_address_is_refused_whole(addresses: list[str]) -> None:
    with serving(says(200)) as server:
        rules = Rules(http=True, ports=frozenset({server.port}))
        with pytest.raises(Refusal, match="private or reserved network"):
            Guard(rules, resolver=Resolver(addresses)).send("GET", f"http://{NAME}:{server.port}/")
        assert server.asked == []


def test_a_second_answer_of_the_resolver_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: public while it is checked, this machine a moment later."""
    connected: list[str] = []

    def connect(backend: object, host: str, port: int, *rest: Any, **named: Any) -> httpcore.NetworkStream:
        connected.append(host)
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    resolver = Resolver([PUBLIC], ["127.0.0.1"])
    with serving(says(200)) as server:
        rules = Rules(http=True, ports=frozenset({server.port}))
        with pytest.raises(Unreachable):
            Guard(rules, resolver=resolver).send("GET", f"http://{NAME}:{server.port}/")
        assert (connected, resolver.asked, server.asked) == ([PUBLIC], 1, [])


def test_every_request_is_checked_anew() -> None:
    with serving(says(200)) as server:
        guard = Guard(
            Rules(http=True, ports=frozenset({server.port})), resolver=Resolver(["127.0.0.1"], ["127.0.0.1"])
        )
        for _ in range(2):
            with pytest.raises(Refusal):
                guard.send("GET", f"http://{NAME}:{server.port}/")
        assert server.asked == []


def test_operator_may_allow_one_private_origin() -> None:
    with serving(says(200, b"ok")) as server:
        guard = at_home(rules=allowed(server.port))
        answer = guard.send("POST", f"http://{NAME}:{server.port}/x?y=1", content=b"{}", headers={"X-A": "1"})
        assert (answer.status, answer.content) == (200, b"ok")
        assert server.asked == [("POST", "/x?y=1", f"{NAME}:{server.port}", b"{}")]
        with pytest.raises(Refusal):
            guard.send("GET", f"http://{NAME}:{server.port + 1}/")


def test_nobody_may_allow_the_address_of_a_metadata_service() -> None:
    addresses = ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "::ffff:169.254.169.254"]
    assert [is_never(address) for address in [*addresses, "fe80::1%eth0", "10.0.0.1"]] == [True] * 6 + [False]
    with pytest.raises(Refusal):
        Guard(allowed(80), resolver=Resolver(["169.254.169.254"])).send("GET", f"http://{NAME}/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    with (
        serving(says(200)) as elsewhere,
        serving(says(status, Location=f"http://127.0.0.1:{elsewhere.port}/")) as server,
    ):
        answer = at_home(rules=allowed(server.port)).send("POST", f"http://{NAME}:{server.port}/")
        assert (answer.status, len(server.asked), elsewhere.asked) == (status, 1, [])


def test_callers_headers_do_not_choose_the_host() -> None:
    with serving(says(200)) as server:
        headers = {"Host": "internal.example", "Content-Length": "0", "Transfer-Encoding": "chunked"}
        at_home(rules=allowed(server.port)).send(
            "POST", f"http://{NAME}:{server.port}/", headers=headers, content=b"body"
        )
        assert server.asked == [("POST", "/", f"{NAME}:{server.port}", b"body")]


def test_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(says(200)) as proxy, serving(says(204)) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        answer = at_home(rules=allowed(server.port)).send("GET", f"http://{NAME}:{server.port}/")
        assert (answer.status, proxy.asked) == (204, [])


def test_large_answer_is_not_read() -> None:
    with serving(says(200, bytes(4096))) as server, pytest.raises(Unreachable, match="larger"):
        at_home(rules=allowed(server.port), most_bytes=1024).send("GET", f"http://{NAME}:{server.port}/")


def test_trickle_ends_at_the_deadline() -> None:
    def trickle(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(400):
            handler.wfile.write(b"a")
            time.sleep(0.05)

    with serving(trickle) as server:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            at_home(rules=allowed(server.port), seconds=0.4).send("GET", f"http://{NAME}:{server.port}/")
        assert time.monotonic() - began < 10  # half of what the trickle takes


def test_nobody_listening_is_a_sentence() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(Unreachable, match="could not be reached"):
            at_home(rules=allowed(port)).send("GET", f"http://{NAME}:{port}/")


def test_next_address_is_tried_when_one_does_not_answer() -> None:
    with serving(says(200)) as server:
        guard = Guard(allowed(server.port), resolver=Resolver(["::1", "127.0.0.1"]))
        assert guard.send("GET", f"http://{NAME}:{server.port}/").status == 200


def test_certificate_is_checked_against_the_name(tmp_path: Path) -> None:
    """The connection goes to an address; the handshake speaks of the name."""
    names: list[str | None] = []
    server_side, trust = certificate_for(NAME, tmp_path)
    server_side.sni_callback = lambda _, name, __: names.append(name)
    with serving(says(200), server_side) as server:
        url = f"https://{NAME}:{server.port}/"
        assert at_home(rules=allowed(server.port, "https"), trust=trust).send("GET", url).status == 200
        assert names == [NAME]
        other = Rules(allow=frozenset({f"https://other.example.com:{server.port}"}))
        with pytest.raises(Unreachable):
            at_home(rules=other, trust=trust).send("GET", f"https://other.example.com:{server.port}/")
        with pytest.raises(Unreachable):
            at_home(rules=allowed(server.port, "https")).send("GET", url)


def certificate_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context with a certificate of its own, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem, secret)
    return server, ssl.create_default_context(cafile=str(pem))


def test_operators_settings_are_read() -> None:
    assert env.ports("8443, 9443") == {8443, 9443}
    assert env.origins("http://CI.internal:8080/, https://hooks.internal") == {
        "http://ci.internal:8080",
        "https://hooks.internal:443",
    }


@pytest.mark.parametrize(
    "text", ["10.0.0.0/8", "hooks.internal", "https://a/b", "ftp://a", "https://u@a", "http://a:x"]
)
def test_permission_that_is_no_origin_stops_the_start(text: str) -> None:
    with pytest.raises(SystemExit, match="PANEL_OUTGOING_ALLOW"):
        env.origins(text)
