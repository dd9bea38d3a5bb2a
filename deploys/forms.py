"""The one form of this room: what to deploy, and where."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import Refusal
from deploys.manifests.masking import without_secret_values
from deploys.sources import Upload
from projects.models import Project
from run402 import names


class ManifestText(forms.Textarea):
    """A text area that shows a manifest again, without the values of secrets."""

    def format_value(self, value: Any) -> str:
        return without_secret_values(str(value or ""))


class SourceForm(forms.Form):
    """An archive or a manifest, the project, and an address for a project that has none."""

    project: Any = forms.ModelChoiceField(
        queryset=Project.objects.none(),
        label=_("Project"),
        empty_label=None,
        error_messages={"invalid_choice": _("Choose one of your projects.")},
    )
    archive = forms.FileField(
        label=_("Files"),
        help_text=_(
            "A zip or tar.gz of your site, or a manifest as a .json file. A single folder around everything is removed."
        ),
        widget=forms.FileInput(attrs={"accept": ".zip,.tar.gz,.tgz,.json,application/zip,application/gzip"}),
        error_messages={
            "required": _("Choose an archive, or paste a manifest."),
            "empty": _("This file is empty."),
        },
    )
    manifest = forms.CharField(
        label=_("Manifest"),
        required=False,
        strip=False,
        help_text=_(
            "In the format of run402 deploy apply; its paths mean the files above. Without one, the files are the site."
        ),
        widget=ManifestText(attrs={"rows": 6, "spellcheck": "false", "class": "mono"}),
    )
    subdomain = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=63,
        help_text=_(
            "3 to 63 lower-case letters, digits and hyphens. Only for a project that has no address yet."
        ),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    # The browser must not insist on a file: a pasted manifest does without.
    use_required_attribute = False

    def __init__(self, *args: Any, projects: Any, chosen: Project | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.chosen = chosen
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]  # a ModelChoiceField
        if chosen is not None:
            self.fields["project"].widget = forms.HiddenInput()
            self.fields["project"].initial = chosen.pk
        if chosen is not None and chosen.subdomains:
            self.fields["subdomain"].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if str(data.get("manifest") or "").strip() and self.has_error("archive", "required"):
            del self._errors["archive"]  # type: ignore[attr-defined]  # Django's own way to take an error back
            data["archive"] = None
        return data

    def clean_subdomain(self) -> str:
        name = str(self.cleaned_data["subdomain"]).strip().lower()
        if name:
            try:
                names.subdomain(name)
            except ValueError as error:
                raise forms.ValidationError(str(error)) from None
        return name

    @property
    def upload(self) -> Upload:
        """What was sent, once the form is valid."""
        return Upload(self.cleaned_data["archive"], self.cleaned_data["manifest"])

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal at the field it belongs to."""
        field = refusal.field if refusal.field in self.fields else None
        if field and self.fields[field].widget.is_hidden:
            field = None
        self.add_error(field, str(refusal))
