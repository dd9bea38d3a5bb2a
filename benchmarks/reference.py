"""The pages that others are compared with, plain, behind the panel's own middleware: fifty rows of one query, and one
that reads session and person only.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from operations.models import Operation
from run402_panel import urls

handler400, handler403, handler404, handler500 = (
    urls.handler400,
    urls.handler403,
    urls.handler404,
    urls.handler500,
)

TEMPLATE = engines["django"].from_string(
    """<!doctype html><html lang="en"><head><title>Reference</title></head><body><table>
{% for row in rows %}<tr>
  <td><a href="{% url "operations:detail" row.pk %}">{{ row.title }}</a></td><td>{{ row.get_state_display }}</td>
  <td>{{ row.actor_label }}</td><td>{{ row.wallet.label|default:"" }}</td><td>{{ row.created_at|date:"Y-m-d H:i" }}</td>
</tr>{% endfor %}
</table></body></html>"""
)


def reference(request: HttpRequest) -> HttpResponse:
    """Show fifty operations."""
    rows = Operation.objects.select_related("wallet")[:50]
    return HttpResponse(TEMPLATE.render({"rows": rows}, request))


def person(request: HttpRequest) -> HttpResponse:
    """Say who is signed in."""
    return HttpResponse(str(request.user))


urlpatterns = [*urls.urlpatterns, path("reference", reference), path("person", person)]
