"""The tag behind `operations/_strip.html`, which any room includes."""

from __future__ import annotations

from django.template import Library

from operations import live
from operations.models import Operation

register = Library()


@register.simple_tag
def operation_live(operation: Operation | None, step: int | str = 0) -> live.Live | None:
    """Return what moves about an operation under way; None without one, or when it has ended."""
    if not operation or operation.is_final:
        return None
    return live.live(operation, "strip", step=int(step or 0))
