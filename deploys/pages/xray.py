"""The X-ray page: the box, and the answer once there is one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from django.urls import reverse
from django.utils.functional import Promise

from deploys.models import Release
from deploys.xray import words
from deploys.xray.asking import Question
from deploys.xray.verdict import Verdict, verdict_of
from operations.models import Operation, State
from projects.models import Project
from run402.reading import documents
from run402.resources import verdicts
from run402.spec.routes import METHODS

POLL_MILLISECONDS = 500


@dataclass(frozen=True)
class XrayPage:
    """The box with what was asked. `delay` in milliseconds while the question is under way."""

    project: Project
    url: str
    method: str
    problem: str
    ignored: tuple[str, ...]
    operation: Operation | None
    verdict: Verdict | None
    release: Release | None
    may_edit: bool
    methods: tuple[str, ...] = METHODS

    @property
    def delay(self) -> int | None:
        return POLL_MILLISECONDS if self.operation and self.operation.is_active else None

    @property
    def here(self) -> str:
        """The address of this very question."""
        query = urlencode({"url": self.url, "method": self.method})
        return f"{reverse('deploys:xray', args=[self.project.pk])}?{query}"

    @property
    def command(self) -> str:
        """The same from a terminal."""
        asked = self.url if "://" in self.url else "https://…"
        words_ = [
            "run402",
            "deploy",
            "diagnose",
            "--project",
            self.project.remote_id,
            asked,
            "--method",
            self.method,
        ]
        return shlex.join(words_).replace("'https://…'", "https://…")

    @property
    def sentences(self) -> list[tuple[str, str]]:
        """Every word that a gateway is documented to say, with its sentence."""
        tables = (verdicts.MATCHES, verdicts.AUTHORIZATIONS, verdicts.FALLBACKS)
        return [(word, words.said(table, word)) for table in tables for word in table]

    @property
    def failures(self) -> Mapping[str, Promise]:
        """How a route can fail while a visitor waits."""
        return words.RUNTIME_FAILURES


def xray_page(
    project: Project,
    *,
    url: str,
    method: str,
    problem: str = "",
    asked: Question | None = None,
    operation: Operation | None = None,
    live: Release | None = None,
    may_edit: bool = False,
) -> XrayPage:
    """Put the page together. `live` is the release whose files may be hidden by a route."""
    answer = (
        (operation.result or {}).get("answer") if operation and operation.state == State.SUCCEEDED else None
    )
    verdict = _verdict(answer, live)
    return XrayPage(
        project=project,
        url=_shown(project, url, asked),
        method=method if method in METHODS else "GET",
        problem=problem,
        ignored=tuple(words.explained(words.IGNORED, code) for code in (asked.ignored if asked else ())),
        operation=operation,
        verdict=verdict,
        release=live if live and verdict and verdict.release_id == live.remote_id else None,
        may_edit=may_edit,
    )


def _shown(project: Project, url: str, asked: Question | None) -> str:
    """Return what stands in the box: the whole URL once it could be read, without query and fragment."""
    if asked is None:
        return url
    own = urlsplit(project.live_url)
    if own.hostname == asked.host:
        return f"{own.scheme}://{own.netloc}{asked.path}"
    scheme = "http" if urlsplit(url.strip()).scheme == "http" else "https"
    return f"{scheme}://{asked.host}{asked.path}"


def _verdict(answer: Any, live: Release | None) -> Verdict | None:
    if not isinstance(answer, dict):
        return None
    hides = answer.get("match") == "route_function" and live is not None
    return verdict_of(
        answer, _file_at(live, str(answer.get("normalized_path") or "")) if hides and live else ""
    )


def _file_at(release: Release, path: str) -> str:
    """Return the file of the site that lies at a public path, as far as the mirror knows it."""
    for row in documents(release.inventory, "public_paths"):
        if row.get("direct") and unquote(str(row.get("public_path"))) == unquote(path):
            return str(row.get("asset_path") or "")
    return ""
