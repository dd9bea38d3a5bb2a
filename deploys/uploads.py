"""Stops an upload at the operator's limit while it arrives, before it fills the disk."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

_MARK = "deploys_upload_too_large"


class LimitedUploadHandler(FileUploadHandler):
    """Counts what passes and lets it pass on; beyond the limit the rest is read and thrown away."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self._arrived = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._arrived += len(raw_data)
        if self._arrived > settings.UPLOAD_MAX_BYTES:
            if self.request is not None:
                self.request.META[_MARK] = True
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> Any:
        """Return nothing: the next handler makes the file."""
        return None


def was_too_large(request: HttpRequest) -> bool:
    """Say whether the upload of this request was stopped."""
    return bool(request.META.get(_MARK))
