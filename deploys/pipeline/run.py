"""What the steps of a deploy share."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from core.errors import Refusal
from deploys.models import Deploy
from deploys.specs import Spec, references
from operations.work import Work
from projects.models import Project


class Run:
    """One attempt at one deploy: its rows, its memory, and the spec once it is known."""

    def __init__(self, work: Work, deploy: Deploy) -> None:
        self.work = work
        self.deploy = deploy
        self.spec: Spec = {}

    @property
    def project(self) -> Project:
        return self.deploy.project

    @property
    def anon_key(self) -> str:
        return self.project.anon_key

    @property
    def is_redeploy(self) -> bool:
        return self.deploy.kind == Deploy.Kind.REDEPLOY

    def recall(self, name: str, default: Any = None) -> Any:
        """Return what an earlier step or attempt wrote down."""
        return self.work.checkpoints.get(name, default)

    def note(self, **facts: Any) -> None:
        """Write facts down for the next step or attempt."""
        self.work.checkpoint(**facts)

    def enter(self, phase: str, **figures: int) -> None:
        """Enter a phase, once: polling sees the same one many times."""
        if self.work.operation.phase != phase:
            self.work.phase(phase, **figures)

    def sizes(self) -> dict[str, int]:
        """Return the bytes of every digest that the spec names."""
        return {str(reference["sha256"]): int(reference["size"]) for reference in references(self.spec)}


class Failed(Refusal):
    """The deploy failed after the gateway had begun, so the canonical error is more than “nothing happened”."""

    def __init__(self, code: str, message: str, **fields: Any) -> None:
        super().__init__(code, message)
        self.fault = dataclasses.replace(self.fault, **fields)


def text_of(document: Mapping[str, Any], name: str, default: str = "") -> str:
    """Return a text of an open document."""
    value = document.get(name)
    return value if isinstance(value, str) and value else default
