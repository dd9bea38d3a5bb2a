"""Asking the gateway what an address would get: the question, the operation that asks it, and the doing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from deploys import questions
from deploys.syncing import project_of
from operations.models import Operation
from operations.work import Work
from projects.models import Project
from run402.spec.routes import METHODS
from teams.models import User

KIND = "route.resolve"
MOST_CHARACTERS = 2048
#: Parts of an answer that are longer, as JSON, are left out and named.
MOST_BYTES = 20_000


@dataclass(frozen=True)
class Question:
    """What is asked: a host and a path as they stand in the request line. `ignored` names what was left out."""

    host: str
    path: str
    method: str
    ignored: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What makes it another question."""
        return (self.host, self.path, self.method)


def question(text: str, method: str, *, default_host: str) -> Question:
    """Read what a person typed: a URL, a host with a path, or a path of the project's own address.

    Query and fragment are dropped here, before anything is stored: they may hold what nobody else should read.
    Raises Refusal with the field that it belongs to.
    """
    method = method.strip().upper() or "GET"
    if method not in METHODS:
        raise Refusal(
            "BAD_METHOD", _("Choose one of: %(all)s.") % {"all": ", ".join(METHODS)}, field="method"
        )
    address = text.strip()
    if address.startswith("/") and not address.startswith("//"):
        if not default_host:
            raise _bad(
                _("This project has no address yet. Write the whole URL, as in https://app.run402.com/help.")
            )
        address = f"https://{default_host}{address}"
    elif "://" not in address:
        address = f"https://{address}"
    return _of_url(address, method)


def _of_url(address: str, method: str) -> Question:
    if len(address) > MOST_CHARACTERS:
        raise _bad(
            _("A URL has at most %(most)s characters. Leave out what follows “?”.")
            % {"most": MOST_CHARACTERS}
        )
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode()
        parts.port  # noqa: B018 - reading it is what checks it
    except (ValueError, UnicodeError):
        raise _not_a_url() from None
    if parts.scheme not in ("http", "https") or not _is_host(host):
        raise _not_a_url()
    if parts.username or parts.password:
        raise _bad(
            _("Leave out the name and password before “@”: the panel keeps no password in a question.")
        )
    present = {"query_ignored": parts.query, "fragment_ignored": parts.fragment}
    ignored = tuple(name for name, value in present.items() if value)
    return Question(host, _sent(parts.path or "/"), method, ignored)


def _is_host(host: str) -> bool:
    return 0 < len(host) <= 253 and all(character.isalnum() or character in ".-" for character in host)


def _sent(path: str) -> str:
    """Return a path as browsers send it: letters and spaces encoded, what is encoded already kept as it is."""
    return quote(path, safe="/%:@!$&'()*+,;=~-._")


def _not_a_url() -> Refusal:
    return _bad(
        _("This is not an address. Write a URL such as https://app.run402.com/help, or a path such as /help.")
    )


def _bad(sentence: str) -> Refusal:
    return Refusal("BAD_URL", sentence, field="url")


def ask(*, project: Project, user: User, asked: Question) -> Operation:
    """Return the operation that answers. Raises Refusal as `questions.ask` does."""
    title = _("X-ray of %(method)s %(host)s%(path)s")
    return questions.ask(
        project,
        user,
        questions.Question(
            kind=KIND,
            title=title % {"method": asked.method, "host": asked.host, "path": asked.path},
            url=reverse("deploys:xray", args=[project.pk]),
            words=asked.words,
            args={"host": asked.host, "path": asked.path, "method": asked.method},
        ),
    )


def resolve(work: Work) -> dict[str, Any]:
    """Ask the gateway, and keep its answer whole. It is read with the project's anon key and signs nothing."""
    project = project_of(work)
    args = work.args
    with work.client(sign=False) as client:
        try:
            found = client.resolve(
                host=args["host"], path=args["path"], method=args["method"], anon_key=project.anon_key
            )
        except ValueError as error:
            step = NextStep(
                "ask_again", _("Ask with another address"), reverse("deploys:xray", args=[project.pk])
            )
            raise Refusal("BAD_URL", str(error), next_steps=[step]) from None
    return {"answer": _bounded(found.raw)}


def _bounded(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer without parts that are longer than a page can show; their names stand under `_left_out`."""
    short = {key: value for key, value in raw.items() if len(json.dumps(value, default=str)) <= MOST_BYTES}
    left_out = sorted(set(raw) - set(short))
    return {**short, "_left_out": left_out} if left_out else short
