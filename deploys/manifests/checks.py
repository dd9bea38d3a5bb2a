"""Readers for the values of a manifest. Each names the field it complains of (contract: apply 2.2, INVALID_SPEC)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal
from deploys.paths import shown

Document = Mapping[str, Any]


def invalid(path: str, sentence: str, *, code: str = "INVALID_SPEC") -> Refusal:
    """Return the refusal of one field, by its path inside the manifest."""
    where = shown(path)
    return Refusal(code, f"{where}: {sentence}", field="manifest", details={"path": where})


def mapping(value: object, path: str, allowed: Collection[str] | None = None) -> dict[str, Any]:
    """Return an object, whose keys are all among `allowed` if that is given."""
    if not isinstance(value, dict):
        raise invalid(path, _("must be an object."))
    for key in value if allowed is not None else ():
        if key not in (allowed or ()):
            text = _("is not a field the contract knows. Known here: %(known)s.")
            raise invalid(
                f"{path}.{key}" if path else key, text % {"known": ", ".join(sorted(allowed or ()))}
            )
    return value


def one_of(doc: Document, *names: str) -> Any:
    """Return the value under the first of several spellings that is there, else None."""
    return next((doc[name] for name in names if name in doc), None)


def sequence(value: object, path: str) -> list[Any]:
    """Return a list."""
    if not isinstance(value, list):
        raise invalid(path, _("must be a list."))
    return value


def text(value: object, path: str) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise invalid(path, _("must be a text."))
    return value


def whole(value: object, path: str) -> int:
    """Return a whole number from 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise invalid(path, _("must be a whole number."))
    return value


def texts(value: object, path: str) -> list[str]:
    """Return a list of different texts."""
    found = [text(item, f"{path}[{number}]") for number, item in enumerate(sequence(value, path))]
    if len(set(found)) != len(found):
        raise invalid(path, _("names something twice."))
    return found


def choice(value: object, path: str, allowed: Collection[str]) -> str:
    """Return a text that is one of `allowed`."""
    if value not in allowed:
        raise invalid(path, _("must be one of %(known)s.") % {"known": ", ".join(sorted(allowed))})
    return str(value)
