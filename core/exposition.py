"""Prometheus's text format (0.0.4) for gauges, which is all the panel has: everything is read from rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Gauge(Protocol):
    """One value under a name."""

    @property
    def name(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def labels(self) -> Mapping[str, str]: ...


def expose(gauges: Iterable[Gauge]) -> str:
    """Return the gauges as text; those of one name stand together under one head, as the format wants it."""
    groups: dict[str, list[Gauge]] = {}
    for gauge in gauges:
        groups.setdefault(gauge.name, []).append(gauge)
    lines = []
    for name, group in groups.items():
        lines += [f"# HELP {name} {_escaped(group[0].help)}", f"# TYPE {name} gauge"]
        lines += [f"{name}{_labels(gauge.labels)} {gauge.value:.15g}" for gauge in group]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    pairs = [
        f'{name}="{_escaped(value).replace(chr(34), chr(92) + chr(34))}"' for name, value in labels.items()
    ]
    return "{" + ",".join(pairs) + "}" if pairs else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")
