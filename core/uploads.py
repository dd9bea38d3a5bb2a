"""Keeps an uploaded key, or a secret, out of the file system."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def uploads_stay_in_memory(view: View[P]) -> View[P]:
    """Read uploads of this view into memory only; one above Django's limit for memory is dropped.

    The form token is checked inside, after the handler is chosen: checking it reads the body.
    """
    protected = csrf_protect(view)

    @functools.wraps(view)
    def inner(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request.upload_handlers = [MemoryFileUploadHandler(request)]
        return protected(request, *args, **kwargs)

    return cast(View[P], csrf_exempt(inner))


def was_dropped(request: HttpRequest) -> bool:
    """Say whether the uploads of such a view were above the limit for memory, and so were dropped."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return length.isdecimal() and int(length) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
