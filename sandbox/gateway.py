"""Everything a handler may need, made once per process."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.activity import Activity
from sandbox.clock import Clock
from sandbox.functions.invoking import Invoker
from sandbox.machine import Machine
from sandbox.serving import Apps
from sandbox.settings import Settings
from sandbox.store import Store


@dataclass
class Gateway:
    settings: Settings
    store: Store
    clock: Clock
    started_at: float
    activity: Activity = field(init=False)
    machine: Machine = field(init=False)
    invoker: Invoker = field(init=False)
    apps: Apps = field(init=False)

    def __post_init__(self) -> None:
        self.activity = Activity(self.store.projects)
        self.machine = Machine(self.store, self.clock, self.settings, self.activity)
        self.invoker = Invoker(self.store, self.settings, self.clock)
        self.apps = Apps(self.store, self.activity, self.invoker)

    def close(self) -> None:
        self.invoker.stop()
        self.machine.stop()
        self.activity.flush()
        self.store.close()
