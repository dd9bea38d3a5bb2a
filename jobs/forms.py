"""What to run: a form for the known type, and a whole job as JSON. Both need a cost cap."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Refusal
from core.forms import DollarsField
from jobs import reading
from jobs.reading import Asked
from projects.models import Project
from run402.resources.jobs import FFLONK_PROVE

TYPES = [(FFLONK_PROVE, gettext_lazy("FFLONK proof (kysigned, v0.17.0)"))]


class _JobForm(forms.Form):
    """The project, and what is asked for."""

    project: Any = forms.ModelChoiceField(
        queryset=Project.objects.none(),
        label=gettext_lazy("Project"),
        empty_label=None,
        error_messages={"invalid_choice": gettext_lazy("Choose one of your projects.")},
    )

    def __init__(self, *args: Any, projects: Any, chosen: Project | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.chosen = chosen
        self.asked: Asked | None = None
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]  # a ModelChoiceField
        if chosen is not None:
            self.fields["project"].widget = forms.HiddenInput()
            self.fields["project"].initial = chosen.pk

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal at the field it belongs to."""
        field = refusal.field if refusal.field in self.fields else None
        if field and self.fields[field].widget.is_hidden:
            field = None
        self.add_error(field, str(refusal))


class KnownJobForm(_JobForm):
    """A job of the type that Run402 is known to run."""

    job_type = forms.ChoiceField(label=gettext_lazy("Type"), choices=TYPES)
    input = forms.CharField(
        label=gettext_lazy("Input"),
        strip=False,
        help_text=gettext_lazy(
            "A JSON object: what the runner gets as input.json. The panel keeps it, so that the job can be run again."
        ),
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "mono"}),
        error_messages={"required": gettext_lazy("Give the runner its input; {} is an empty one.")},
    )
    cap = DollarsField(
        label=gettext_lazy("Costs at most"),
        help_text=gettext_lazy(
            "Reserved before anything is sent. What the run did not cost is free again at its end."
        ),
        error_messages={
            "required": gettext_lazy("A job needs a cost cap. Enter what it may cost at most, such as 0.25."),
            "min_value": gettext_lazy("The cap has to be more than nothing. Enter what it may cost at most."),
        },
    )

    def clean_cap(self) -> int:
        micros = int(self.cleaned_data["cap"])
        if micros < 1:
            raise forms.ValidationError(
                _("The cap has to be more than nothing. Enter what it may cost at most, such as 0.25.")
            )
        return micros

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "input" in data and "cap" in data and "job_type" in data:
            try:
                self.asked = Asked(data["job_type"], reading.read_input(data["input"]), data["cap"])
            except Refusal as refusal:
                self.refuse(refusal)
        return data


class JsonJobForm(_JobForm):
    """A whole job in the contract's form, as the CLI takes it from a file."""

    job = forms.CharField(
        label=gettext_lazy("Job"),
        strip=False,
        required=False,
        help_text=gettext_lazy(
            "The file that run402 jobs submit takes: job_type, input and max_cost_usd_micros."
        ),
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "mono"}),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
        error_messages={"empty": gettext_lazy("This file is empty.")},
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        try:
            self.asked = reading.read(self._text(data))
        except Refusal as refusal:
            self.refuse(refusal)
        return data

    def _text(self, data: dict[str, Any]) -> str:
        """Return what was pasted or sent. A file that is too long is not read."""
        pasted, file = str(data.get("job") or ""), data.get("file")
        if pasted.strip() and file:
            raise Refusal(
                "JOB_TWICE", _("Both a text and a file were given. Take one of them away."), field="job"
            )
        if file:
            if file.size > reading.MOST_BYTES:
                raise reading.too_large(file.size, "file")
            try:
                return str(file.read().decode())
            except UnicodeDecodeError:
                said = _("This file is no text in UTF-8. Save it as JSON, then send it again.")
                raise Refusal("JOB_NOT_JSON", said, field="file") from None
        if not pasted.strip():
            raise Refusal("JOB_MISSING", _("Paste a job, or choose a file."), field="job")
        return pasted
