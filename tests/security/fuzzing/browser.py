"""Sends a request through the panel's whole stack, as gunicorn would hand it over, with one person's cookies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.test.client import ClientHandler, RequestFactory


class Browser(RequestFactory):
    """Django's test client without what it does for tests: it copies the context of every template that is drawn."""

    def __init__(self, cookies: Mapping[str, str], *, checks_forgery: bool = False) -> None:
        super().__init__()
        factory: Any = super()
        self._environ, self._encode = factory._base_environ, factory._encode_data
        self.jar = dict(cookies)
        self.cookies.load(self.jar)
        self._handler = ClientHandler(enforce_csrf_checks=checks_forgery)

    def request(self, **request: Any) -> Any:
        """Return the answer. What a middleware raises comes out as it would at the server: as 500."""
        return self._handler(self._environ(**request))

    def multipart(self, data: Mapping[str, Any]) -> tuple[bytes, str]:
        """Return a form's body and its type."""
        kind = "multipart/form-data; boundary=BoUnDaRyStRiNg"
        return self._encode(data, kind), kind
