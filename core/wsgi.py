"""Requests in UTF-8 only. Django takes the encoding that a request names, and Python knows some that raise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

UNREADABLE = {"charset": "unreadable"}


class PanelWSGIRequest(WSGIRequest):
    """Never decodes by what the request says; core.middleware refuses what says anything else than UTF-8."""

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        """Runs before any middleware: an error here would have no page."""
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (LookupError, ValueError):  # parameters have encodings too
            self.content_type, self.content_params = "", UNREADABLE


class PanelWSGIHandler(WSGIHandler):
    request_class = PanelWSGIRequest
