"""The functions slice of a spec, read and laid over what is there (apply 2.3.4). Raises Problem."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.problems import Problem, invalid_spec, not_run_here
from sandbox.release.files import read_file, read_ref
from sandbox.release.rolegate import check_one_table, read_role
from sandbox.release.state import File, Function

RUNTIME = "node22"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,127}")
_FIELDS = {"runtime", "source", "files", "entrypoint", "config", "schedule", "deps", "class"}
_GATE = {"requireAuth", "require_auth", "requireRole", "require_role"}
_LATER = {"triggers", "capabilities"}
_REFUSED_DEPS = {"@run402/functions", "run402-functions", "sharp", "canvas", "bcrypt"}
MOST_DEPS = 30
LONGEST_DEP = 200


@dataclass(frozen=True)
class FunctionChange:
    """One entry. `given` holds what it says by the field names of Function; what it leaves out is kept."""

    name: str
    given: Mapping[str, Any]

    def over(self, base: Function | None, *, keep: bool) -> Function:
        """The function that comes out; without `keep` only an absent schedule is carried over."""
        start = base if base and keep else Function(self.name, schedule=base.schedule if base else None)
        made = replace(start, **self.given)
        if not made.code:
            text = f"The function '{self.name}' needs its code: 'source', or 'files' with an 'entrypoint'."
            raise invalid_spec(text, resource=f"functions.{self.name}")
        return made


@dataclass(frozen=True)
class FunctionsSlice:
    """`replace` is the complete set; `set` and `delete` change single functions on top."""

    replace: Mapping[str, FunctionChange] | None = None
    set: Mapping[str, FunctionChange] = field(default_factory=dict)
    delete: tuple[str, ...] = ()

    @property
    def code(self) -> list[File]:
        """The bytes this slice refers to."""
        changes = [*(self.replace or {}).values(), *self.set.values()]
        return [file for change in changes for file in Function("", **_code_of(change.given)).code]

    def over(self, base: Iterable[Function]) -> tuple[Function, ...]:
        known = {function.name: function for function in base}
        if self.replace is None:
            made = dict(known)
        else:
            made = {name: one.over(known.get(name), keep=False) for name, one in self.replace.items()}
        made |= {name: one.over(made.get(name), keep=True) for name, one in self.set.items()}
        kept = tuple(made[name] for name in sorted(made) if name not in self.delete)
        check_one_table(kept)
        return kept


def _code_of(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("source", "files") if name in given}


def read_functions(raw: object) -> FunctionsSlice:
    if raw is None:
        return FunctionsSlice()
    if not isinstance(raw, dict) or set(raw) - {"replace", "patch"}:
        raise invalid_spec("'functions' is {replace: {...}} or {patch: {set, delete}}.", resource="functions")
    patch = raw.get("patch") or {}
    if not isinstance(patch, dict) or set(patch) - {"set", "delete"}:
        raise invalid_spec("'functions.patch' is {set: {...}, delete: [...]}.", resource="functions.patch")
    complete, deleted = raw.get("replace"), patch.get("delete") or []
    if not isinstance(deleted, list) or not all(isinstance(name, str) for name in deleted):
        raise invalid_spec("'functions.patch.delete' is a list of names.", resource="functions.patch.delete")
    # An empty `replace` does not count as a section (apply 2.2), so it removes nothing either.
    return FunctionsSlice(
        _changes(complete, "functions.replace") if complete else None,
        _changes(patch.get("set") or {}, "functions.patch.set"),
        tuple(deleted),
    )


def _changes(raw: object, resource: str) -> dict[str, FunctionChange]:
    if not isinstance(raw, dict):
        raise invalid_spec(f"'{resource}' is an object of functions.", resource=resource)
    return {name: read_change(name, entry, f"{resource}.{name}") for name, entry in raw.items()}


def read_change(name: str, raw: object, resource: str) -> FunctionChange:
    """One entry of either spelling."""
    if not NAME.fullmatch(name):
        text = f"'{name}' is no name of a function: lower-case letters, digits, '-' and '_'."
        raise invalid_spec(text, resource=resource)
    if not isinstance(raw, dict):
        raise invalid_spec(f"The function '{name}' must be an object.", resource=resource)
    for later in sorted(_LATER & set(raw)):
        if raw[later]:
            raise not_run_here(f"{resource}.{later}")
    unknown = sorted(set(raw) - _FIELDS - _GATE - _LATER)
    if unknown:
        raise invalid_spec(f"A function has no '{unknown[0]}'.", resource=f"{resource}.{unknown[0]}")
    if raw.get("runtime", RUNTIME) != RUNTIME:
        raise invalid_spec(f"The only runtime is '{RUNTIME}'.", resource=f"{resource}.runtime")
    if raw.get("class", "standard") != "standard":
        raise not_run_here(f"{resource}.class")
    given = {**_code(raw, resource), **_config(raw, resource), **_schedule(raw, resource), **_deps(raw)}
    return FunctionChange(name, {**given, **_gate(raw, resource)})


def _code(raw: Mapping[str, Any], resource: str) -> dict[str, Any]:
    source, files = raw.get("source"), raw.get("files")
    if source is not None and files is not None:
        raise invalid_spec("A function has either 'source' or 'files'.", resource=resource)
    if source is not None:
        file = read_ref("index.mjs", source, f"{resource}.source")
        return {"source": file, "files": {}, "entrypoint": None}
    if files is None:
        return {}
    if not isinstance(files, dict) or raw.get("entrypoint") not in files:
        text = "'files' needs an 'entrypoint' that is one of them."
        raise invalid_spec(text, resource=f"{resource}.entrypoint")
    read = {path: read_file(path, ref, f"{resource}.files.{path}") for path, ref in files.items()}
    return {"source": None, "files": read, "entrypoint": raw["entrypoint"]}


def _config(raw: Mapping[str, Any], resource: str) -> dict[str, int]:
    config = raw.get("config")
    if config is None:
        return {}
    names = {"timeoutSeconds": "timeout_seconds", "memoryMb": "memory_mb"}
    if not isinstance(config, dict) or set(config) - set(names) - set(names.values()):
        text = "'config' is {timeout_seconds, memory_mb}."
        raise invalid_spec(text, resource=f"{resource}.config")
    given: dict[str, int] = {names.get(str(name), str(name)): value for name, value in config.items()}
    for name, value in given.items():
        if type(value) is not int or value < 1:
            text = f"'{name}' must be a whole number from 1 on."
            raise invalid_spec(text, resource=f"{resource}.config.{name}")
    return given


def _schedule(raw: Mapping[str, Any], resource: str) -> dict[str, Any]:
    if "schedule" not in raw:
        return {}
    schedule = raw["schedule"]
    if schedule is not None and (not isinstance(schedule, str) or len(schedule.split()) != 5):
        text = "'schedule' is a cron text of five fields, or null."
        raise invalid_spec(text, resource=f"{resource}.schedule")
    return {"schedule": schedule}


def _deps(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Raises Problem (BAD_FIELD) for packages that the platform brings or cannot run."""
    deps = raw.get("deps")
    if deps is None:
        return {}
    if not isinstance(deps, list) or len(deps) > MOST_DEPS or not all(_is_dep(dep) for dep in deps):
        text = f"'deps' is a list of at most {MOST_DEPS} names of npm packages."
        raise Problem(400, "BAD_FIELD", text, resource="deps")
    return {"deps": tuple(deps)}


def _is_dep(dep: object) -> bool:
    if not isinstance(dep, str) or not 0 < len(dep) <= LONGEST_DEP:
        return False
    scope, at, _version = dep[1:].partition("@")
    return (dep[0] + scope if at else dep) not in _REFUSED_DEPS


def _gate(raw: Mapping[str, Any], resource: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name in ("requireAuth", "require_auth"):
        if name in raw:
            if not isinstance(raw[name], bool):
                raise invalid_spec("'require_auth' is true or false.", resource=f"{resource}.{name}")
            given["require_auth"] = raw[name]
    for name in ("requireRole", "require_role"):
        if name in raw:
            given["require_role"] = read_role(raw[name], f"{resource}.{name}")
    return given
