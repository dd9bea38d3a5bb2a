"""Is the engine well? Workers, beat, line, clocks, disk, keys: on `/readyz`, for those who can act, as figures."""

from operations.watch.figures import Figure, due_times, figures
from operations.watch.findings import ALIVE, Finding, findings_here, register
from operations.watch.problems import Problem, problems, told

__all__ = [
    "ALIVE",
    "Figure",
    "Finding",
    "Problem",
    "due_times",
    "figures",
    "findings_here",
    "problems",
    "register",
    "told",
]
