"""Is the engine well? Workers, beat, line, clocks, disk, keys: on `/readyz`, for those who can act, as figures."""

from operations.watch.figures import Figure, figures, oldest_due
from operations.watch.findings import Finding, findings_here, register
from operations.watch.problems import Problem, problems

__all__ = ["Figure", "Finding", "Problem", "figures", "findings_here", "oldest_due", "problems", "register"]
