"""One step of the scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.matching import anything, identifier

Memory = dict[str, Any]
RELEASED = {"release_id": identifier("rel"), "operation_id": identifier("op"), "urls": anything}


@dataclass(frozen=True)
class Step:
    """One thing to do. `args` may look at what earlier steps brought; `error` is what must come instead.

    `order` is posted to the sandbox's knobs first, `credit` is given to the prepaid balance. `keep` names what to
    remember of the answer. `serves` says what the app must answer afterwards, by path: text, or None for 404. `balance`
    is what the wallet must hold afterwards.
    `stand_in` is a plain request that prepares later steps where a client has no such call; nothing is asserted of it.
    """

    name: str
    says: str
    action: str
    args: Callable[[Memory], dict[str, Any]] = lambda memory: {}
    expect: Any = None
    error: Any = None
    balance: int | None = None
    order: dict[str, Any] | None = None
    credit: int = 0
    keep: dict[str, str] = field(default_factory=dict)
    serves: dict[str, str | None] | None = None
    stand_in: Callable[[Memory], dict[str, Any]] | None = None


def applying(spec: dict[str, Any]) -> Callable[[Memory], dict[str, Any]]:
    return lambda memory: {"spec": spec}
