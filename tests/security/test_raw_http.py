"""What is not even HTTP: sent over a socket to the real server. It answers with a sentence, and logs no trace."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tools.stack import Stack

HOST = b"Host: localhost\r\n"
BAD: dict[str, tuple[bytes, int | None]] = {
    "a page": (b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    "a long address": (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a longer address": (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a long header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 20000 + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 500 + b"\r\n", 431),
    "a header with a NUL": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n", 400),
    "a header without a name": (b"GET / HTTP/1.1\r\n" + HOST + b": x\r\n\r\n", 400),
    "two hosts": (b"GET /livez HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n\r\n", 400),
    "a version that is none": (b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", 400),
    "a method of signs": (b"G<T / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a method nobody knows": (b"PURGE / HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "a negative length": (b"POST /theme HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
    "two lengths": (
        b"POST /theme HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400,
    ),
    "length and chunks": (
        b"POST /theme HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
    ),
    "broken chunks": (
        b"POST /accounts/login/ HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n", 403,
    ),
    "an encoding that raises": (
        b"GET /livez?q=a HTTP/1.1\r\n" + HOST + b"Content-Type: a/b; charset=undefined\r\n\r\n", 415,
    ),
    "bytes that are no text": (b"GET /\xff\xfe?q=\xc3\x28 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a large body": (
        b"POST /accounts/login/ HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999\r\n\r\n", 413,
    ),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", None),
    "nothing": (b"\r\n\r\n", 400),
}  # fmt: skip


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole panel: a part of one would not be what people run."""
    with Stack.start(tmp_path_factory.mktemp("wire"), patience=1) as stack:
        yield stack


def ask(port: int, data: bytes) -> bytes:
    """Send bytes, say that there are no more, and return what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        try:
            while part := connection.recv(65536):
                parts.append(part)
        except ConnectionError:
            pass
        return b"".join(parts)


def status_of(answer: bytes) -> int | None:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else None


def test_the_server_answers_all_of_it_and_goes_on(web: Stack) -> None:
    answers = {name: ask(web.layout.panel_port, data) for name, (data, _) in BAD.items()}
    statuses = {name: status_of(answer) for name, answer in answers.items()}
    assert statuses == {name: status for name, (_, status) in BAD.items()}
    assert [name for name, answer in answers.items() if b"Traceback" in answer] == []
    assert status_of(ask(web.layout.panel_port, BAD["a page"][0])) == 200
    log = web.log_tail("web", 5000)
    assert [
        line for line in log.splitlines() if "Traceback" in line or "Error handling request" in line
    ] == []
