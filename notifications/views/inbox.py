"""What a person was told."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from core.http import go, safe_next
from notifications import pages, selectors, services
from notifications.forms import InboxFilter
from teams.access import personal
from teams.middleware import PersonRequest


@require_safe
@personal
def inbox(request: PersonRequest) -> HttpResponse:
    """List the person's notices of their current team."""
    form = InboxFilter(request.GET)
    event, unread = form.value("event"), form.value("state") == "unread"
    found = selectors.matching(request.user, request.membership, event=event, unread=unread)
    count = selectors.unread_count(request.user, request.membership)
    page = pages.inbox_page(found, request.GET.get("page", ""), unread=count, filtered=bool(event or unread))
    return render(request, "notifications/inbox.html", {"page": page, "form": form})


@require_POST
@personal
def read(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Mark one notice as read; `open` goes on to what it is about."""
    notice = selectors.notice_of(request.user, pk)
    services.read_one(notice)
    back = reverse("notifications:inbox")
    target = (notice.url or back) if "open" in request.POST else safe_next(request, back)
    return go(request, target)


@require_POST
@personal
def read_all(request: PersonRequest) -> HttpResponse:
    """Mark as read all that the inbox shows in the current team."""
    count = services.read_all(person=request.user, membership=request.membership)
    if count:
        said = ngettext("%(n)s notice is read.", "%(n)s notices are read.", count) % {"n": count}
        messages.success(request, said)
    else:
        messages.info(request, _("There was nothing unread."))
    return go(request, reverse("notifications:inbox"))
