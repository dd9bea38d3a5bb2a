"""Sends the requests through the panel's own stack, takes back what they changed, and judges the answers."""

from __future__ import annotations

import contextlib
import logging
import re
import traceback
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from unittest import mock

from django.core.cache import cache
from django.core.signals import got_request_exception
from django.db import connection, transaction
from django.template import Template

from core.wsgi import PanelWSGIRequest
from tests.security.fuzzing.browser import Browser
from tests.security.fuzzing.mutate import Shot, shot
from tests.security.fuzzing.world import World, make_world

if TYPE_CHECKING:
    from tests.security.fuzz import Result

#: Words that only a stack trace or an exception has.
LEAKS = re.compile(
    rb"Traceback \(most recent call last\)|\b[A-Z][A-Za-z]+(?:Error|Exception)\b|DoesNotExist|site-packages"
)
#: Words of our own pages and of what requests carry that look like it.
HARMLESS = re.compile(rb"Run402Error")


class _TakeBack(Exception):
    """Ends the transaction of one request."""


class Sender:
    """One world, and requests against it. Nothing a request did is there for the next."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._raised: list[str] = []
        self._stack = contextlib.ExitStack()
        self._world = World()

    def __enter__(self) -> Self:
        self._stack.enter_context(mock.patch("django.test.client.WSGIRequest", PanelWSGIRequest))
        self._stack.enter_context(mock.patch.object(Template, "_render", _render))
        self._stack.enter_context(mock.patch("operations.wake._post"))
        self._stack.enter_context(transaction.atomic())
        self._stack.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.CRITICAL)
        got_request_exception.connect(self._keep)
        self._world = make_world()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        got_request_exception.disconnect(self._keep)
        transaction.set_rollback(True)
        self._stack.close()

    def send(self, number: int, result: Result) -> None:
        """Send request `number` of this seed and note what came of it."""
        made = shot(Random(f"{self._seed}/{number}"), self._world)
        self._raised.clear()
        cache.clear()
        status, content, trouble = self._answer(made)
        result.sent += 1
        result.statuses[status] += 1
        result.addresses.add(made.address)
        finding = trouble or _verdict(status, content)
        if finding:
            where = self._raised[-1] if self._raised else ""
            request = f"{made.method} {made.path[:200]}?{made.query[:200]}"
            result.findings.append(f"#{number} as {made.who}: {request}: {finding} {where}".strip())

    def _answer(self, made: Shot) -> tuple[int, bytes, str]:
        """Return status, content and what broke on the way out, with everything taken back."""
        browser = Browser(self._world.people[made.who].jar, checks_forgery=made.forged)
        answer: Any = None
        try:
            with transaction.atomic():
                answer = browser.generic(made.method, *_arguments(made, browser), **_options(made))
                content = answer.getvalue() if answer.streaming else answer.content
                if made.method == "POST":
                    connection.check_constraints()
                raise _TakeBack
        except _TakeBack:
            return answer.status_code, content, ""
        except Exception as error:  # noqa: BLE001 - whatever comes out here would have been a broken connection
            return 599, b"", f"raised {error!r} {''.join(traceback.format_tb(error.__traceback__)[-1:])}"

    def _keep(self, **kwargs: Any) -> None:
        self._raised.append("".join(traceback.format_exc().splitlines(keepends=True)[-5:]))


def _render(template: Template, context: Any) -> Any:
    """Draw as outside of tests; inside of them Django sends each template's context around."""
    return template.nodelist.render(context)


def _arguments(made: Shot, browser: Browser) -> tuple[str, bytes, str]:
    """Return address, body and type."""
    if made.data is None:
        return made.path, made.body, made.content_type
    return made.path, *browser.multipart(made.data)


def _options(made: Shot) -> dict[str, Any]:
    return {"QUERY_STRING": made.query.encode("utf-8", "replace").decode("latin-1"), **made.headers}


def _verdict(status: int, content: bytes) -> str:
    if status >= 500:
        return f"answered {status}"
    leak = LEAKS.search(HARMLESS.sub(b"", content))
    return f"says {leak.group().decode()!r}" if leak else ""
