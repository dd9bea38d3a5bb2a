"""`requireRole`: which table says who may call a function (apply 2.3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.problems import Problem
from sandbox.release.state import Function

MOST_SECONDS = 600
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_SNAKE = {"idColumn": "id_column", "roleColumn": "role_column", "cacheTtl": "cache_ttl"}
_SNAKE |= {"onDeny": "on_deny", "signInPath": "sign_in_path"}
_REQUIRED = ("table", "id_column", "role_column")


def read_role(raw: object, resource: str) -> dict[str, Any] | None:
    """The gate in the snake spelling; null removes it. Raises Problem (DEPLOY_INVALID_ROLE_GATE)."""
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise _invalid("A role gate is {table, id_column, role_column, allowed}.", resource)
    gate: dict[str, Any] = {
        "cache_ttl": 60,
        **{_SNAKE.get(str(name), str(name)): value for name, value in raw.items()},
    }
    unknown = sorted(set(gate) - {*_REQUIRED, "allowed", "cache_ttl", "on_deny", "sign_in_path"})
    if unknown:
        raise _invalid(f"A role gate has no '{unknown[0]}'.", resource)
    for name in _REQUIRED:
        if not isinstance(gate.get(name), str) or not _IDENTIFIER.fullmatch(gate[name]):
            raise _invalid(f"'{name}' must be a plain name.", resource)
    _check_rest(gate, resource)
    return gate


def _check_rest(gate: Mapping[str, Any], resource: str) -> None:
    allowed, seconds = gate.get("allowed"), gate["cache_ttl"]
    if not isinstance(allowed, list) or not allowed or not all(isinstance(role, str) for role in allowed):
        raise _invalid("'allowed' lists at least one role.", resource)
    if type(seconds) is not int or not 0 <= seconds <= MOST_SECONDS:
        raise _invalid(f"'cache_ttl' is 0 to {MOST_SECONDS} seconds.", resource)


def check_one_table(functions: Iterable[Function]) -> None:
    """A release may use one role table only."""
    tables = {function.require_role["table"] for function in functions if function.require_role}
    if len(tables) > 1:
        raise _invalid(f"Two role tables are used: {', '.join(sorted(tables))}.", "functions")


def _invalid(message: str, resource: str) -> Problem:
    return Problem(
        422,
        "DEPLOY_INVALID_ROLE_GATE",
        message,
        category="deploy",
        resource=resource,
        next_actions=("edit_request",),
    )
