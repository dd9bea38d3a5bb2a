"""What the Run402 CLI keeps of projects, in every form it has had (contract: identity 2.2).

`projects.json`          {"projects": {<id>: {"anon_key", "service_key", "site_url", …}}, "active_project_id": …}
its older form           [{"project_id", "anon_key", "service_key", …}], alone or under "projects"
`project-keys.v1.json`   {"version": 1, "source": "local_cache", "projects": {<id>: {…, "org_id", "cached_at"}}}

Sentences name ids and fields, never a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from run402 import jsontext

MOST_PROJECTS = 200
MOST_KEY_CHARACTERS = 4_000
MOST_URL_CHARACTERS = 300
_ID = re.compile(r"prj_[A-Za-z0-9_-]{1,100}")
#: A key goes into a header as it is: visible ASCII.
_KEY = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Found:
    """One project of the file. A key that is missing is empty; `wrong` says why it cannot be taken at all."""

    remote_id: str
    anon_key: str = field(default="", repr=False)
    service_key: str = field(default="", repr=False)
    site_url: str = ""
    wrong: str = ""


def read_projects(text: str) -> tuple[Found, ...]:
    """Return the projects of a file, each once, in its order. Raises ValidationError when it is no such file."""
    try:
        document = jsontext.loads(
            text.encode()
        )  # which measures the depth first: the parser could end the process
    except ValueError:
        raise ValidationError(_("This is no JSON, so it is not the CLI's file of projects.")) from None
    entries = list(_entries(document))
    if not entries:
        raise ValidationError(_("There is no project in this file."))
    if len(entries) > MOST_PROJECTS:
        said = _("There are %(count)s projects in this file; %(most)s are taken at once.")
        raise ValidationError(said % {"count": len(entries), "most": MOST_PROJECTS})
    return tuple({entry.remote_id: entry for entry in entries}.values())


def _entries(document: Any) -> Iterator[Found]:
    projects = document.get("projects") if isinstance(document, Mapping) else document
    if isinstance(projects, Mapping):
        yield from (_entry(str(name), fields) for name, fields in projects.items())
    elif isinstance(projects, list):
        yield from (_entry(_named(fields), fields) for fields in projects)
    else:
        raise ValidationError(_other_file(document))


def _other_file(document: Any) -> str:
    """Say which other file of the CLI this is, if it is one."""
    keys = set(document) if isinstance(document, Mapping) else set()
    if keys & {"privateKey", "private_key"}:
        return _("This is the file of a wallet. Wallets are imported on their own page.")
    if keys & {"active_projects", "migrations"}:
        return _("This is state.json, which holds no keys. They are in credentials/project-keys.v1.json.")
    return _(
        "There is no list of projects in this file. The CLI keeps one at ~/.config/run402/projects.json."
    )


def _named(fields: Any) -> str:
    """Return the id that an entry of the older form states."""
    stated = fields.get("project_id") or fields.get("id") if isinstance(fields, Mapping) else ""
    return stated if isinstance(stated, str) else ""


def _entry(remote_id: str, fields: Any) -> Found:
    shown = remote_id[:40] or _("without an id")
    if not _ID.fullmatch(remote_id):
        return Found(shown, wrong=_("This is no id of a project: those begin with prj_."))
    if not isinstance(fields, Mapping):
        return Found(remote_id, wrong=_("There is nothing to read here."))
    keys = {name: fields.get(name) or "" for name in ("anon_key", "service_key")}
    for name, key in keys.items():
        if not _is_key(key):
            return Found(remote_id, wrong=_("Its %(name)s is no key.") % {"name": name})
    if keys["service_key"] and keys["service_key"] == keys["anon_key"]:
        return Found(remote_id, wrong=_("Its two keys are the same, so one of them is wrong."))
    return Found(remote_id, keys["anon_key"], keys["service_key"], _url(fields.get("site_url")))


def _is_key(key: Any) -> bool:
    """Say whether it is a key, or nothing."""
    return isinstance(key, str) and len(key) <= MOST_KEY_CHARACTERS and (not key or bool(_KEY.fullmatch(key)))


def _url(value: Any) -> str:
    """Return the address where the site was last seen, by which people recognise the project."""
    good = isinstance(value, str) and value.startswith("https://") and len(value) <= MOST_URL_CHARACTERS
    return value if good else ""
