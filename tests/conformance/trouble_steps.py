"""Releases that need consent, that meet another one, that are large, that stop half-way."""

from __future__ import annotations

from tests.conformance.matching import some
from tests.conformance.specs import (
    BULK,
    BY_REFERENCE,
    FEWER,
    FOURTH,
    IN_PARTS,
    LARGE,
    MANY,
    NOTES,
    PAGE,
    PAGE_2,
    PENDING,
    THIRD,
)
from tests.conformance.step import RELEASED, Step, applying

WARNINGS = [
    Step(
        "bulk removal",
        "does not remove most of a site without consent",
        "apply",
        applying(FEWER),
        error={"code": BULK},
        serves={"/notes/03.txt": NOTES["notes/03.txt"]},
    ),
    Step(
        "consented removal",
        "removes it with consent",
        "apply",
        lambda memory: {"spec": FEWER, "options": {"allowWarningCodes": [BULK]}},
        expect=RELEASED,
        serves={"/notes/03.txt": None, "/": PAGE},
    ),
]
TROUBLE = [
    Step(
        "base conflict",
        "plans once more when another release went live in between",
        "apply",
        applying(THIRD),
        expect=RELEASED,
        order={"do": "base_conflict"},
        serves={"/": PAGE_2},
    ),
    Step(
        "parts",
        "uploads a large file in parts",
        "apply",
        applying(IN_PARTS),
        expect=RELEASED,
        serves={"/large.txt": LARGE},
    ),
    Step(
        "by reference",
        "uploads a spec that is too large for a request",
        "apply",
        applying(BY_REFERENCE),
        expect=RELEASED,
        serves={f"/{MANY[-1]}": "the same\n"},
    ),
    Step(
        "pending activation",
        "is told that the activation is pending",
        "apply",
        applying(FOURTH),
        error={"code": PENDING},
        order={"do": "activation_pending", "code": PENDING},
    ),
    Step(
        "last operation",
        "finds the operation that waits",
        "operations",
        expect={"operations": some({"status": "activation_pending"})},
        keep={"waiting": "operations.0.operation_id"},
    ),
    Step(
        "resume",
        "resumes it",
        "resume",
        lambda memory: {"operation": memory["waiting"]},
        expect=RELEASED,
        serves={"/": PAGE},
    ),
]
