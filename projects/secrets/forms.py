"""Forms of secrets. What is typed or chosen is sealed before a form is done with it, and shown in none again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.ui.figures import grouped
from projects.secrets import dotenv, drafts
from projects.secrets.services import SealedValues
from run402 import names

_NO_HELP = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false", "class": "mono"}


class HiddenText(forms.Textarea):
    """A text area that never shows what was typed into it again."""

    def format_value(self, value: Any) -> str:
        return ""


class EitherField(forms.CharField):
    """A field that the form needs unless another one is filled: the form itself says so."""

    def validate(self, value: Any) -> None:
        """Let it be empty."""


class TextOrFile(forms.Form):
    """A text, or the file that holds it. Subclasses call `given` once, and seal what it returns.

    `dropped`: there was a file, and it was too large to be held in memory.
    """

    #: The longest file that is taken, in bytes, and what is said of one that holds more.
    most_bytes = 0
    too_long: Promise | str = ""
    use_required_attribute = False

    text = EitherField(strip=False, widget=HiddenText(attrs={"rows": 4, **_NO_HELP}))
    file = forms.FileField(label=gettext_lazy("Or the file"), required=False, allow_empty_file=True)

    def __init__(self, *args: Any, dropped: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draft_id, self.dropped = uuid.uuid4(), dropped

    def given(self) -> str:
        """Return the text, taken out of the cleaned data. Raises ValidationError for none, both, and no text at all."""
        text = str(self.cleaned_data.pop("text", "") or "")
        file = cast(BinaryIO | None, self.cleaned_data.pop("file", None))
        if self.dropped:
            raise ValidationError({"file": self.says_too_long()})
        if file is None:
            return text.replace("\r\n", "\n")
        if text:
            raise ValidationError(_("Type it, or choose the file: one of the two."), code="one")
        content = file.read(self.most_bytes + 1)
        if len(content) > self.most_bytes:
            raise ValidationError({"file": self.says_too_long()})
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            raise ValidationError(
                {"file": _("This file is no text. Encode it, as Base64 for example, and choose that.")}
            ) from None

    def says_too_long(self) -> str:
        """Return the sentence for a file that holds more than can be taken."""
        return str(self.too_long) % {"most": grouped(self.most_bytes)}

    def sealed(self, values: Mapping[str, str], reading: Mapping[str, Any]) -> SealedValues:
        """Seal the values. Raises ValidationError when nothing can be sealed now."""
        return SealedValues(self.draft_id, drafts.seal(self.draft_id, values), reading)


class SecretForm(TextOrFile):
    """One secret. After `is_valid`, `cleaned_data` holds its `key` and `values`, sealed."""

    most_bytes = names.SECRET_BYTES
    too_long = gettext_lazy(
        "This file has more than the %(most)s bytes that a secret may have. Keep it in the project's storage, and"
        " only what opens it here."
    )

    key = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=128,
        widget=forms.TextInput(attrs={"placeholder": "OPENAI_API_KEY", **_NO_HELP}),
        help_text=gettext_lazy(
            "Capital letters, digits and “_”. Functions read it as an environment variable."
        ),
    )
    field_order = ("key", "text", "file")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = _("Value")
        self.fields["text"].help_text = _(
            "Up to 4,096 bytes, with its line breaks. Sealed on arrival: nobody can read it here again."
        )

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"])
        if names.SECRET.fullmatch(key):
            return key
        better = key.upper().replace("-", "_").replace(".", "_").replace(" ", "_")
        if names.SECRET.fullmatch(better):
            said = _(
                "A name has capital letters, digits and “_” only. Take %(better)s, in the code that reads it too."
            )
            raise ValidationError(said % {"better": better})
        raise ValidationError(
            _(
                "A name has capital letters, digits and “_” only, and begins with no digit. Choose another one."
            )
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        value = self.given()
        if not value and not self.errors:
            self.add_error("text", _("Type the value, or choose the file that holds it."))
        elif why := dotenv.trouble_with(value):
            self.add_error("text", why)
        if not self.errors:
            entry = {"key": cleaned["key"], "line": 1, "bytes": len(value.encode()), "note": ""}
            values = self.sealed({cleaned["key"]: value}, {"entries": [entry], "invalid": []})
            cleaned["values"] = values
        return cleaned


class EnvForm(TextOrFile):
    """A whole `.env`. After `is_valid`, `cleaned_data` holds its `values`, sealed, with what the preview tells."""

    most_bytes = dotenv.MOST_CHARACTERS
    too_long = gettext_lazy("This is more than the %(most)s characters that are taken at once. Split it.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text = self.fields["text"]
        text.label, text.widget.attrs["rows"] = _("What .env holds"), 12
        text.help_text = _("NAME=value, one on each line. You see what would be set before anything is.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        text = self.given()
        if len(text) > dotenv.MOST_CHARACTERS:
            raise ValidationError(self.says_too_long())
        reading = dotenv.read(text)
        if not reading.entries and not reading.invalid:
            raise ValidationError(_("There is no NAME=value in it. Paste it, or choose the file."))
        if len(reading.entries) > dotenv.MOST_NAMES:
            said = _("This sets %(count)s secrets, and %(most)s are taken at once. Split it.")
            raise ValidationError(
                said % {"count": grouped(len(reading.entries)), "most": grouped(dotenv.MOST_NAMES)}
            )
        values = {entry.name: entry.value for entry in reading.entries}
        cleaned["values"] = self.sealed(values, _told(reading))
        return cleaned


def _told(reading: dotenv.Reading) -> dict[str, Any]:
    """Return what the preview shows: names, sizes and sentences, no value."""
    return {
        "entries": [
            {"key": entry.name, "line": entry.line, "bytes": len(entry.value.encode()), "note": entry.note}
            for entry in reading.entries
        ],
        "invalid": [{"line": one.line, "key": one.name, "why": one.why} for one in reading.invalid[:100]],
    }


class ChoiceForm(forms.Form):
    """Which names of a draft to set."""

    keys = forms.MultipleChoiceField(
        error_messages={"required": gettext_lazy("Choose at least one secret to set.")}
    )

    def __init__(self, *args: Any, keys: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.MultipleChoiceField, self.fields["keys"]).choices = [(key, key) for key in keys]


class DeleteForm(forms.Form):
    """The name of a secret, typed by whoever deletes it."""

    typed = forms.CharField(
        label=gettext_lazy("Its name, typed"), max_length=128, widget=forms.TextInput(attrs=_NO_HELP)
    )
