"""A job as JSON, in the contract's own form (contract: apply 8): read, checked, and told in one sentence what is wrong.

    {"job_type": "…", "input": {"input.json": {…}}, "max_cost_usd_micros": 250000}

The input may stand under `input_json`, as newer clients write it; `callback_url` is taken, anything else is refused: a
misspelt cap must not be overlooked.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from core.ui import figures
from run402 import jsontext

MOST_BYTES = 1024 * 1024
#: 10,000 USDC: far above any run, and below what a column or a slip of the finger holds.
MOST_MICROS = 10_000 * 1_000_000
CAP = "max_cost_usd_micros"
_KNOWN = {"job_type", "input", CAP, "callback_url"}
_INPUTS = ("input_json", "input.json")
_LONGEST_TYPE = 120
#: Escaped, and not itself behind an escaped backslash; a bare one is no JSON.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True)
class Asked:
    """What a person asks for. `cap_micros` are USDC micros."""

    job_type: str
    input_json: dict[str, Any]
    cap_micros: int
    callback_url: str = ""

    @property
    def spec(self) -> dict[str, Any]:
        """What the row keeps of it beside the cap."""
        told = {"callback_url": self.callback_url} if self.callback_url else {}
        return {"job_type": self.job_type, "input_json": self.input_json, **told}


def read(text: str) -> Asked:
    """Read a whole job. Raises Refusal at the field `job`."""
    doc = _object(text, "job")
    if unknown := sorted(set(doc) - _KNOWN):
        said = _("A job has no %(names)s.") % {"names": _names(unknown)}
        raise _wrong("JOB_FIELD_UNKNOWN", said, _("Take it out, or correct its spelling."))
    return Asked(_type(doc), _input(doc), _cap(doc), _callback(doc))


def read_input(text: str) -> dict[str, Any]:
    """Read the input alone, as the form for a known type has it. Raises Refusal at the field `input`."""
    return _object(text, "input")


def written(asked: Asked) -> str:
    """Return the job as the CLI reads it from a file."""
    doc = {
        "job_type": asked.job_type,
        "input": {"input.json": asked.input_json},
        CAP: asked.cap_micros,
        **({"callback_url": asked.callback_url} if asked.callback_url else {}),
    }
    return json.dumps(doc, indent=2, ensure_ascii=False)


def digest(asked: Asked) -> str:
    """Return the SHA-256 of the job's bytes, in hexadecimal: what is asked for, and what is approved."""
    return hashlib.sha256(written(asked).encode()).hexdigest()


def too_large(size: int, field: str) -> Refusal:
    """Return the refusal of a text of so many bytes."""
    words = {"size": figures.size(size), "most": figures.size(MOST_BYTES)}
    said = _("This job has %(size)s, and the panel takes %(most)s.") % words
    return _wrong("JOB_TOO_LARGE", said, _("Make its input smaller, then submit it again."), field)


def _object(text: str, field: str) -> dict[str, Any]:
    size = len(text.encode("utf-8", "replace"))
    if size > MOST_BYTES:
        raise too_large(size, field)
    try:
        # Its depth is measured before it is parsed: the parser could end the process.
        doc = jsontext.loads(text.encode())
    except ValueError as error:
        said = _("This is not JSON: %(why)s.") % {"why": _place(error)}
        raise _wrong("JOB_NOT_JSON", said, _("Correct it, then submit it again."), field) from None
    if _NUL.search(text):
        said = _("This JSON holds a NUL character (\\u0000), which the panel cannot keep.")
        raise _wrong("JOB_NOT_JSON", said, _("Take it out."), field)
    if not isinstance(doc, dict):
        said = _("This has to be a JSON object, in curly brackets.")
        raise _wrong("JOB_NOT_AN_OBJECT", said, _("Put it into { }."), field)
    return doc


def _place(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return _("line %(line)s, column %(column)s") % {"line": error.lineno, "column": error.colno}
    return str(error).partition(":")[0][:60]


def _type(doc: dict[str, Any]) -> str:
    named = doc.get("job_type")
    if not isinstance(named, str) or not 0 < len(named) <= _LONGEST_TYPE or not named.isprintable():
        said = _("This job names no type.")
        raise _wrong("JOB_TYPE_MISSING", said, _("Add job_type, such as kysigned.fflonk_prove.v0_17_0."))
    return named


def _input(doc: dict[str, Any]) -> dict[str, Any]:
    given = doc.get("input")
    files = given if isinstance(given, dict) else {}
    found = [name for name in _INPUTS if name in files]
    if len(found) != 1 or len(files) != 1 or not isinstance(files[found[0]], dict):
        said = _("The input of this job is not an object under “input.json”.")
        raise _wrong("JOB_INPUT_INVALID", said, _('Write "input": {"input.json": { … }}.'))
    inner: dict[str, Any] = files[found[0]]
    return inner


def _cap(doc: dict[str, Any]) -> int:
    if CAP not in doc:
        said = _("This job has no cost cap.")
        raise _wrong("CAP_MISSING", said, _("Add max_cost_usd_micros: 250000 are $0.25."))
    micros = doc[CAP]
    if type(micros) is not int or not 0 < micros <= MOST_MICROS:
        said = _("The cost cap of this job is no sum.")
        raise _wrong("CAP_INVALID", said, _("Write whole micros, of at most $10,000: 250000 are $0.25."))
    return micros


def _callback(doc: dict[str, Any]) -> str:
    url = doc.get("callback_url", "")
    if not isinstance(url, str) or len(url) > 500 or (url and not url.startswith("https://")):
        said = _("callback_url is no https address.")
        raise _wrong("CALLBACK_INVALID", said, _("Correct it, or take it out."))
    return url


def _names(names: list[str]) -> str:
    return ", ".join(f"“{name[:40]}”" for name in names[:5])


def _wrong(code: str, said: str, step: str, field: str = "job") -> Refusal:
    """Return the refusal: one sentence, and the next step after it."""
    return Refusal(code, f"{said} {step}", field=field, next_steps=[NextStep("edit_request", step)])
