"""Form fields that more than one room needs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from core.errors import Refusal
from core.ui.money import MICROS

MOST_DOLLARS = Decimal(10_000)


@contextlib.contextmanager
def refusals_in(form: forms.Form) -> Iterator[None]:
    """Turn a refusal inside the block into an error of the form, at its field if it names one."""
    try:
        yield
    except Refusal as refusal:
        field = refusal.field if refusal.field in form.fields else None
        form.add_error(field, refusal.fault.message)


class DollarsField(forms.DecimalField):
    """An amount typed in dollars; its clean value is an integer of micros."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(decimal_places=6, **kwargs)
        self.validators += [MinValueValidator(Decimal(0)), MaxValueValidator(MOST_DOLLARS)]
        # Much of what agents pay for costs less than a cent.
        self.widget.attrs.update({"inputmode": "decimal", "step": "any", "min": "0"})

    def clean(self, value: Any) -> Any:
        dollars = super().clean(value)
        return None if dollars is None else int(dollars * MICROS)


class HiddenText(forms.Textarea):
    """A text area that never shows what was typed into it again."""

    def format_value(self, value: Any) -> str:
        return ""


def dollars(micros: int) -> Decimal:
    """Return micros as the number that a field shows."""
    return (Decimal(micros) / MICROS).quantize(Decimal("0.01" if micros % 10_000 == 0 else "0.000001"))
