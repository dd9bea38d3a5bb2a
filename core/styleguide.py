"""The style guide: every component in every state, drawn by the tags pages use. Not routed in production."""

from dataclasses import dataclass
from datetime import timedelta

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.ui.choices import Choice
from core.ui.status import LOOKS

TEST, REAL = "eip155:84532", "eip155:8453"

GROUNDS = ("canvas", "surface", "sunken", "raised", "hover", "pressed", "hairline", "edge", "control")
INKS = ("ink-3", "ink-2", "ink", "accent", "accent-fill", "accent-soft")
TONES = ("ok", "ok-soft", "warn", "warn-soft", "bad", "bad-soft", "test", "test-soft", "real-fill")

OPERATIONS = (
    ("queued", "", ""),
    ("running", "", "upload"),
    ("waiting", "approval", ""),
    ("waiting", "confirmation", ""),
    ("waiting", "funds", ""),
    ("waiting", "checkout", ""),
    ("waiting", "review", ""),
    ("succeeded", "", ""),
    ("failed", "", ""),
    ("cancelled", "", ""),
)

ERROR = {
    "code": "MIGRATION_FAILED",
    "message": "Migration 0031_archive stopped on line 4: column photo_url is text, the expression is jsonb.",
    "retryable": False,
    "safe_to_retry": True,
    "mutation_state": "rolled_back",
    "trace_id": "trc_91c0e4b7a2502be8",
    "next_actions": [
        {"type": "edit_migration"},
        {"type": "read", "label": "Read the log", "url": "/styleguide"},
    ],
}
UNSAFE_ERROR = {
    "code": "CONNECTION_LOST",
    "message": "The connection broke after the payment left.",
    "retryable": True,
    "safe_to_retry": False,
    "mutation_state": "unknown",
    "trace_id": "trc_0a9f4410b2c877d1",
    "next_actions": [{"action": "check_usage"}],
}


@dataclass(frozen=True)
class Shown:
    """An operation's state, as the status tag reads it."""

    state: str
    reason: str
    phase: str


class GuideForm(forms.Form):
    """One field of each look; bound with wrong values to show the errors."""

    name = forms.CharField(
        label="Project name", max_length=128, help_text="1 to 128 characters, can be changed later"
    )
    limit = forms.DecimalField(label="Limit per day", max_value=25)
    wallet = forms.ChoiceField(label="Wallet", choices=[("a", "Studio testnet, $8.42 test")])
    message = forms.CharField(label="Message", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    renew = forms.BooleanField(
        label="Auto-renew under my cap", help_text="At most $5.00 every 30 days", required=False
    )
    network = forms.ChoiceField(
        label="Network",
        widget=forms.RadioSelect,
        choices=[
            ("test", Choice("Base Sepolia", hint="Costs nothing, for trying things out", network=TEST)),
            ("real", Choice("Base", hint="Each payment asks again", network=REAL)),
        ],
    )
    source = forms.FileField(label="Site", help_text="A zip or tar.gz, at most 200 MB")


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component."""
    wrong = {"name": "tidepool", "limit": "500", "wallet": "a", "network": "test", "renew": "on"}
    now = timezone.now()
    context = {
        "colours": GROUNDS + INKS + TONES,
        "looks": tuple(LOOKS),
        "operations": [Shown(*each) for each in OPERATIONS],
        "moments": [
            now - timedelta(seconds=gap) for gap in (1, 42, 2700, 11_000, 100_000, 600_000, 1_900_000)
        ]
        + [now + timedelta(hours=5)],
        "form": GuideForm(wrong),
        "page": Paginator(range(128), 25).page(2),
        "error": ERROR,
        "unsafe_error": UNSAFE_ERROR,
        "test": TEST,
        "real": REAL,
    }
    return render(request, "core/styleguide.html", context)
