"""How forms look: a field with label, hint and errors tied to it; also behind `{{ form }}`."""

from typing import Any

from django import forms
from django.forms import BoundField
from django.template import Library
from django.utils.safestring import SafeString

from core.ui.choices import Choice

register = Library()


def field_kind(field: BoundField) -> str:
    """Return which of the field's looks fits its widget: hidden, check, choices, checks, file or input."""
    widget = field.field.widget
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return "checks"
    if isinstance(widget, forms.RadioSelect):
        return "choices"
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    return "file" if isinstance(widget, forms.FileInput) else "input"


@register.inclusion_tag("components/_field.html")
def field(
    field: BoundField,
    before: str = "",
    after: str = "",
    large: bool = False,
    mono: bool = False,
    hint: str = "",
) -> dict[str, object]:
    """Show a field whole. `before` and `after` stand inside its edge; `hint` replaces the help text."""
    return {"field": field, "before": before, "after": after, "large": large, "mono": mono, "hint": hint}


register.filter("field_kind", field_kind)


@register.simple_tag
def widget(field: BoundField, large: bool = False, mono: bool = False, bare: bool = False) -> SafeString:
    """Draw a field's control; `bare` inside a wrapper that has the edge."""
    attrs = dict(field.field.widget.attrs)
    own = "" if bare else " ".join(filter(None, ["input", "large" if large else "", "mono" if mono else ""]))
    classes = " ".join(filter(None, [own, attrs.get("class", "")]))
    return field.as_widget(attrs={"class": classes} if classes else {})


@register.filter
def choice_of(option: Any) -> Choice:
    """Return the choice behind a radio button or checkbox, with its hint and network if it was given any."""
    label = option.choice_label
    return label if isinstance(label, Choice) else Choice(str(label))
