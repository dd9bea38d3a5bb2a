"""Of what a person gets a mail."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.http import go
from notifications import pages, services
from notifications.forms import MailRulesForm
from teams.access import personal
from teams.middleware import PersonRequest


@require_http_methods(["GET", "HEAD", "POST"])
@personal
def rules(request: PersonRequest) -> HttpResponse:
    """Show the rules, and keep other ones."""
    if request.method == "POST":
        form = MailRulesForm(request.POST)
        if form.is_valid():
            services.set_mail_rules(person=request.user, wanted=form.cleaned_data["mail"])
            messages.success(request, _("Your rules hold from now on."))
            return go(request, reverse("notifications:rules"))
        messages.error(request, _("There is no such event. Choose again."))
    return render(request, "notifications/rules.html", {"page": pages.rules_page(request.user)})
