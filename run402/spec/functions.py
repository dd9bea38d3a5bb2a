"""Functions: code, limits, schedules and who may call them (contract: apply 2.3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from run402.spec.content import ContentRef, Entries
from run402.spec.reader import Fields, Reader
from run402.spec.triggers import Trigger, read_triggers
from run402.spec.values import ABSENT, Absent, Dialect, Document, document, given

RUNTIME = "node22"
ROLE_GATE = "DEPLOY_INVALID_ROLE_GATE"
MOST_CACHE_SECONDS = 600
_FUNCTION = frozenset(
    {
        "runtime", "source", "files", "entrypoint", "config", "schedule", "require_auth", "require_role", "deps",
        "triggers", "class", "capabilities",
    }
)  # fmt: skip
_GATE = frozenset({"table", "id_column", "role_column", "allowed", "cache_ttl", "on_deny", "sign_in_path"})
_CRON = re.compile(r"\S+(?: +\S+){4}")


@dataclass(frozen=True)
class FunctionConfig:
    """Limits: seconds and megabytes, whole numbers from 1.

    >>> FunctionConfig(timeout_seconds=10).to_wire("core")
    {'timeoutSeconds': 10}
    """

    timeout_seconds: int | None = None
    memory_mb: int | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self, dialect: Dialect) -> dict[str, Any]:
        return document(
            dialect,
            self.extra,
            timeout_seconds=given(self.timeout_seconds),
            memory_mb=given(self.memory_mb),
        )


@dataclass(frozen=True)
class RoleGate:
    """Only callers whose row in ``table`` has one of the ``allowed`` roles get through.

    >>> RoleGate("staff", "user_id", "role", ("admin",)).to_wire("cloud")["allowed"]
    ['admin']
    """

    table: str
    id_column: str
    role_column: str
    allowed: tuple[str, ...]
    cache_ttl: int | None = None
    on_deny: str | None = None
    sign_in_path: str | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self, dialect: Dialect) -> dict[str, Any]:
        return document(
            dialect,
            self.extra,
            table=self.table,
            id_column=self.id_column,
            role_column=self.role_column,
            allowed=list(self.allowed),
            cache_ttl=given(self.cache_ttl),
            on_deny=given(self.on_deny),
            sign_in_path=given(self.sign_in_path),
        )


@dataclass(frozen=True)
class Function:
    """One function. A ``schedule`` or ``require_role`` of None takes the present one away; absent keeps it.

    >>> Function(schedule=None).to_wire("cloud")
    {'runtime': 'node22', 'schedule': None}
    """

    runtime: str = RUNTIME
    source: ContentRef | None = None
    files: Mapping[str, ContentRef] | None = None
    entrypoint: str | None = None
    config: FunctionConfig | None = None
    schedule: str | Absent | None = ABSENT
    require_auth: bool | None = None
    require_role: RoleGate | Absent | None = ABSENT
    deps: tuple[str, ...] | None = None
    triggers: tuple[Trigger, ...] | None = None
    function_class: str | None = None
    capabilities: tuple[str, ...] | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def refs(self) -> Iterator[ContentRef]:
        yield from () if self.source is None else (self.source,)
        yield from (self.files or {}).values()

    def to_wire(self, dialect: Dialect) -> dict[str, Any]:
        files, gate = self.files, self.require_role
        return document(
            dialect,
            self.extra,
            runtime=self.runtime,
            source=given(self.source and self.source.to_wire(dialect)),
            files=given(
                None if files is None else {path: ref.to_wire(dialect) for path, ref in files.items()}
            ),
            entrypoint=given(self.entrypoint),
            config=given(self.config and self.config.to_wire(dialect)),
            deps=given(_listed(self.deps)),
            schedule=self.schedule,
            require_auth=given(self.require_auth),
            require_role=gate.to_wire(dialect) if isinstance(gate, RoleGate) else gate,
            triggers=given(None if self.triggers is None else [item.to_wire() for item in self.triggers]),
            capabilities=given(_listed(self.capabilities)),
            **{"class": given(self.function_class)},
        )


@dataclass(frozen=True)
class FunctionPatch:
    """Functions to set and names to delete; all others stay.

    >>> FunctionPatch(delete=("old",)).to_wire("cloud")
    {'delete': ['old']}
    """

    set: Mapping[str, Function] | None = None
    delete: tuple[str, ...] | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self, dialect: Dialect) -> dict[str, Any]:
        return document(
            dialect,
            self.extra,
            set=given(written(self.set, dialect)),
            delete=given(_listed(self.delete)),
        )


@dataclass(frozen=True)
class Functions:
    """``replace`` is the complete set, ``patch`` touches only the named ones.

    >>> Functions(replace={}).deploys
    False
    """

    replace: Mapping[str, Function] | None = None
    patch: FunctionPatch | None = None
    extra: Document = field(default_factory=dict, repr=False)

    @property
    def deploys(self) -> bool:
        return bool(self.replace or (self.patch and (self.patch.set or self.patch.delete)))

    @property
    def named(self) -> dict[str, Function]:
        """Every function that is described here."""
        return {**(self.replace or {}), **((self.patch and self.patch.set) or {})}

    def refs(self) -> Iterator[ContentRef]:
        for part in (self.replace, self.patch and self.patch.set):
            for function in (part or {}).values():
                yield from function.refs()

    def to_wire(self, dialect: Dialect) -> dict[str, Any]:
        return document(
            dialect,
            self.extra,
            replace=given(written(self.replace, dialect)),
            patch=given(self.patch and self.patch.to_wire(dialect)),
        )


def written(functions: Mapping[str, Function] | None, dialect: Dialect) -> dict[str, Any] | None:
    return None if functions is None else {name: item.to_wire(dialect) for name, item in functions.items()}


def read_functions(reader: Reader, value: Any, entries: Entries) -> Functions:
    fields = reader.fields(value, "functions", {"replace", "patch"})
    found = Functions(_set(fields, "replace", entries), _patch(fields, entries), fields.extra)
    gates = [function.require_role for function in found.named.values()]
    tables = {gate.table for gate in gates if isinstance(gate, RoleGate)}
    if len(tables) > 1:
        message = f"one role table serves a whole release; these name {', '.join(sorted(tables))}."
        reader.wrong("functions", message, code=ROLE_GATE)
    return found


def read_function(reader: Reader, value: Any, path: str, entries: Entries) -> Function:
    fields = reader.fields(value, path, _FUNCTION)
    at = fields.at
    return Function(
        runtime=fields.choice("runtime", (RUNTIME,)) or RUNTIME,
        source=entries.read(fields.values["source"], at("source")) if "source" in fields else None,
        files=entries.read_map(fields.values["files"], at("files")) if "files" in fields else None,
        entrypoint=fields.text("entrypoint"),
        config=_config(reader, fields.values["config"], at("config")) if "config" in fields else None,
        schedule=_schedule(fields),
        require_auth=fields.flag("require_auth"),
        require_role=_gate(reader, fields),
        deps=fields.texts("deps"),
        triggers=read_triggers(reader, fields) if "triggers" in fields else None,
        function_class=fields.choice("class", ("standard", "ssr")),
        capabilities=fields.texts("capabilities"),
        extra=fields.extra,
    )


def _set(fields: Fields, part: str, entries: Entries) -> dict[str, Function] | None:
    listed, at = fields.mapping(part), fields.at(part)
    if listed is None:
        return None
    return {
        name: read_function(fields.reader, item, f"{at}.{name}", entries) for name, item in listed.items()
    }


def _patch(parent: Fields, entries: Entries) -> FunctionPatch | None:
    if "patch" not in parent:
        return None
    fields = parent.reader.fields(parent.values["patch"], parent.at("patch"), {"set", "delete"})
    return FunctionPatch(_set(fields, "set", entries), fields.texts("delete"), fields.extra)


def _config(reader: Reader, value: Any, path: str) -> FunctionConfig:
    fields = reader.fields(value, path, {"timeout_seconds", "memory_mb"})
    return FunctionConfig(
        fields.whole("timeout_seconds", least=1), fields.whole("memory_mb", least=1), fields.extra
    )


def _schedule(fields: Fields) -> str | Absent | None:
    if "schedule" not in fields:
        return ABSENT
    value = fields.values["schedule"]
    if value is None or (isinstance(value, str) and _CRON.fullmatch(value.strip())):
        return value if value is None else str(value)
    fields.wrong("schedule", "is a cron line of five fields, or null to take the schedule away.")
    return ABSENT


def _gate(reader: Reader, function: Fields) -> RoleGate | Absent | None:
    if "require_role" not in function:
        return ABSENT
    if function.values["require_role"] is None:
        return None
    fields = reader.fields(function.values["require_role"], function.at("require_role"), _GATE)
    allowed = fields.texts("allowed")
    if not allowed:
        fields.wrong("allowed", "names at least one role.", code=ROLE_GATE)
    return RoleGate(
        table=fields.text("table", required=True) or "",
        id_column=fields.text("id_column", required=True) or "",
        role_column=fields.text("role_column", required=True) or "",
        allowed=allowed or (),
        cache_ttl=fields.whole("cache_ttl", least=0, most=MOST_CACHE_SECONDS),
        on_deny=fields.text("on_deny"),
        sign_in_path=fields.text("sign_in_path"),
        extra=fields.extra,
    )


def _listed(items: tuple[str, ...] | None) -> list[str] | None:
    return None if items is None else list(items)
