"""Files of a release: a member asks for one, gets a link of five minutes, and the link serves the bytes."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from core.views import refused
from deploys import raw, selectors, store
from teams.access import public, require
from teams.middleware import PanelRequest
from teams.permissions import Action

SANDBOXED = "sandbox; default-src 'none'"


@require_GET
@require(Action.VIEW)
def release_file(request: PanelRequest, pk: UUID, release: UUID) -> HttpResponse:
    """Lead to the bytes of one archived file of a release, by its path."""
    found = selectors.release_for(request.membership, pk, release)
    path = request.GET.get("path", "")
    entry = (found.archive.get("site") or {}).get(path)
    if entry is None:
        raise Http404("no such file")
    file = raw.RawFile(request.team.pk, entry["sha256"], path, entry.get("content_type") or "")
    return redirect("deploys:raw", raw.capability(file))


@public("the link itself is the permission: it was made for somebody who may see the file")
@require_safe
def serve(request: HttpRequest, capability: str) -> HttpResponseBase:
    """Serve one file to whoever holds its link: drawn if it is a picture, saved otherwise, and never run."""
    try:
        file = raw.opened(capability)
        content = store.open_blob(file.sha256)
    except raw.Expired:
        text = _("It worked for five minutes. Go back to the release and open the file again.")
        return refused(request, 410, _("This link has run out"), text)
    except (raw.Invalid, store.Lost):
        raise Http404("no such file") from None
    kind = file.content_type if file.is_image else "application/octet-stream"
    headers = {"Content-Security-Policy": SANDBOXED, "Cache-Control": f"private, max-age={raw.SECONDS}"}
    return FileResponse(
        content, as_attachment=not file.is_image, filename=file.name, content_type=kind, headers=headers
    )
