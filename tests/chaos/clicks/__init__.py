"""What people may do, one function for each kind of operation, and how often. A click asks a service, as a view does.

A kind that is added later is missing here until its room adds a click, or a reason why it has none (test_verdict).
"""

from tests.chaos.clicks import apps, money, readings, work  # noqa: F401 - each registers its clicks
from tests.chaos.clicks.registry import CLICKS, ELSEWHERE, LEFT_OUT, NothingToDo

__all__ = ["CLICKS", "ELSEWHERE", "LEFT_OUT", "NothingToDo"]
