"""A mail server on a free port of this machine: it speaks enough of SMTP (RFC 5321) and keeps what it was given."""

from __future__ import annotations

import base64
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast


@dataclass
class MailServer:
    """What came in, and what to answer: `answers` replaces the reply to a command (`RCPT`, `DATA.`, `AUTH`)."""

    user: str = "panel"
    password: str = "smtp-password"
    answers: dict[str, str] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://{self.user}:{self.password}@127.0.0.1:{self.port}"


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = cast(_Server, self.server).mail
        server.connections += 1
        self._say("220 mail.test")
        while line := self.rfile.readline():
            command = line.decode().strip()
            verb = command.partition(" ")[0].upper()
            self._say(server.answers.get(verb) or self._answer(server, verb, command))
            if verb == "DATA" and "DATA" not in server.answers:
                self._take(server)
            if verb == "QUIT":
                return

    def _answer(self, server: MailServer, verb: str, command: str) -> str:
        if verb == "EHLO":
            return "250-mail.test\r\n250 AUTH PLAIN"
        if verb == "AUTH":
            given = base64.b64decode(command.rpartition(" ")[2]).decode().split("\0")
            return "235 ok" if given[1:] == [server.user, server.password] else "535 who are you"
        if verb == "RCPT":
            server.recipients.append(command)
        return {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 ok")

    def _take(self, server: MailServer) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        refused = server.answers.get("DATA.")
        if not refused:
            server.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))
        self._say(refused or "250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, mail: MailServer) -> None:
        self.mail = mail
        super().__init__(("127.0.0.1", 0), cast(Any, _Session))
        mail.port = self.server_address[1]


@contextmanager
def running() -> Iterator[MailServer]:
    """Run a mail server until the block ends."""
    mail = MailServer()
    with _Server(mail) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield mail
        finally:
            server.shutdown()
            thread.join(5)
