"""The keys in the CLI's file of projects: kept sealed, refused by the worker, refused by the form."""

from __future__ import annotations

import contextlib
import json

from tests.security.canary.walk import Walk
from tools.forms import PageError


def adopt_projects(walk: Walk) -> None:
    """A project that the wallet has not, one whose key does not open it, and files that are none."""
    for remote_id in ("prj_elsewhere", _own_id(walk)):
        key = walk.known(f"a service key for {remote_id}")
        _adopt(walk, {"projects": {remote_id: {"anon_key": "anon_elsewhere", "service_key": key}}})
    typed, odd = walk.known("text typed as a file of projects"), walk.known("a service key in an odd file")
    walk.browser.attempt("/projects/adopt", text=typed)
    walk.browser.attempt("/projects/adopt", text=json.dumps({"projects": {"odd": {"service_key": odd}}}))
    walk.browser.attempt("/projects/adopt", text=json.dumps({"privateKey": odd}))


def _adopt(walk: Walk, document: object) -> None:
    page = walk.browser.get("/projects/adopt")
    preview = walk.browser.submit(page, page.form(id="adopt"), {"text": json.dumps(document)})
    form = preview.form(id="chosen")
    if form.choices:
        walk.browser.submit(preview, form, {})
        with contextlib.suppress(PageError):  # it is refused, and that is its end
            walk.smoke.wait_for("project.adopt")


def _own_id(walk: Walk) -> str:
    """Return the id of the project that is here, whose key is not asked for again."""
    page = walk.browser.get(walk.smoke.project)
    found = next(
        attributes for _tag, attributes in page.elements if attributes.get("data-copy", "").startswith("prj_")
    )
    return found["data-copy"]
