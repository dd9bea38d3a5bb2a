"""Keeps an uploaded key out of the file system."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast

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
