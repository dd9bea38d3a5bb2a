"""The document for a self-hosted Core, and what Core cannot do (contract: apply 2.14)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from run402.errors import Problem, SpecInvalid
from run402.spec.functions import Function, Functions, RoleGate
from run402.spec.i18n import I18n

if TYPE_CHECKING:
    from run402.spec.release import ReleaseSpec

UNSUPPORTED = "UNSUPPORTED_CAPABILITY"
_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def core_wire(spec: ReleaseSpec, live: Mapping[str, Function]) -> dict[str, Any]:
    """The spec as Core takes it. ``live`` are the functions of the live release, which Core wants restated.

    Raises SpecInvalid for what Core refuses, before anything is sent.
    """
    restated = replace(spec, functions=_restated(spec.functions, live))
    problems = list(_problems(restated))
    if problems:
        raise SpecInvalid(problems)
    return restated._document("core", "project")  # noqa: SLF001 - the other half of the same value


def _restated(functions: Functions | None, live: Mapping[str, Function]) -> Functions | None:
    """Core builds functions only from ``replace``: what a patch leaves alone is stated again."""
    if functions is None or functions.replace is None:
        patch = functions.patch if functions is not None else None
        gone = set((patch and patch.delete) or ())
        kept = {name: function for name, function in live.items() if name not in gone}
        whole = {**kept, **((patch and patch.set) or {})}
        return Functions(replace=whole) if whole or functions is not None else None
    return functions


def _problems(spec: ReleaseSpec) -> Iterator[Problem]:
    if spec.subdomains is not None:
        yield _unsupported("subdomains", "subdomains.managed")
    if isinstance(spec.i18n, I18n):
        yield _unsupported("i18n", "i18n.routing")
    if spec.checks is not None:
        yield Problem("INVALID_RELEASE_SPEC", "checks", "Core runs no smoke checks.")
    if spec.site is not None and spec.site.patch is not None:
        yield _unsupported("site.patch", "site.patch")
    if spec.assets is not None and not spec.assets.deploys:
        yield Problem("ASSET_SPEC_EMPTY", "assets", "has nothing to put, delete or synchronise.")
    yield from _database_problems(spec)
    for name, function in ((spec.functions and spec.functions.replace) or {}).items():
        for problem in _function_problems(name, function):
            yield Problem(problem.code, f"functions.replace.{name}{problem.path}", problem.message)


def _database_problems(spec: ReleaseSpec) -> Iterator[Problem]:
    if spec.database is None:
        return
    if spec.database.zero_downtime is not None:
        yield _unsupported("database.zero_downtime", "database.zero-downtime")
    for number, item in enumerate(spec.database.migrations or ()):
        if item.sql.source is None:
            message = "needs its SQL here: Core takes it inline, and only its digest is known."
            yield Problem("MIGRATION_SQL_REQUIRED", f"database.migrations[{number}]", message)


def _function_problems(name: str, function: Function) -> Iterator[Problem]:
    if not _FUNCTION_NAME.fullmatch(name):
        yield Problem("INVALID_RELEASE_SPEC", "", "has a name that Core does not take.")
    if function.source is None or function.files:
        yield Problem(
            "INVALID_FUNCTION_BUNDLE", "", "is one file of source in Core, not several and not none."
        )
    if function.deps:
        yield Problem("DEPENDENCY_INSTALL_REJECTED", ".deps", "Core installs no packages.")
    if isinstance(function.schedule, str):
        yield Problem("INVALID_FUNCTION_SCHEDULE", ".schedule", "is written as a trigger in Core.")
    gate = function.require_role
    if isinstance(gate, RoleGate) and gate.cache_ttl:
        yield Problem("ROLE_CACHE_UNSUPPORTED", ".requireRole.cacheTtl", "Core asks anew each time; use 0.")


def _unsupported(path: str, capability: str) -> Problem:
    return Problem(UNSUPPORTED, path, f"is not supported by Core ({capability}).")
