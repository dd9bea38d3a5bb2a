"""A manifest as a form may show it again: without the value of any secret that was typed into it."""

from __future__ import annotations

import json
from typing import Any

#: What stands in place of a value; the form's sentence says to take it out.
GONE = "(taken out)"


def without_secret_values(text: str) -> str:
    """Return the manifest with the values under `secrets` replaced, at any depth; text that is no JSON as it is."""
    try:
        document = json.loads(text)
    except ValueError:
        return text
    if not isinstance(document, dict) or not document.get("secrets"):
        return text
    shown = {**document, "secrets": _masked(document["secrets"])}
    return text if shown == document else json.dumps(shown, indent=2, ensure_ascii=False)


def _masked(secrets: Any) -> Any:
    """Names stay: they are the keys of an object, and the lists under `require` and `delete`."""
    if isinstance(secrets, list):
        return [_entry(entry) for entry in secrets]
    if not isinstance(secrets, dict):
        return GONE
    return {
        name: value if name in ("require", "delete") and isinstance(value, list) else _values_gone(value)
        for name, value in secrets.items()
    }


def _values_gone(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _values_gone(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_entry(entry) for entry in value]
    return GONE


def _entry(entry: Any) -> Any:
    """Return one entry of an older bundle's list, {key, value}; a plain text could be a value."""
    if not isinstance(entry, dict):
        return GONE
    return {name: value if name in ("key", "name") else GONE for name, value in entry.items()}
