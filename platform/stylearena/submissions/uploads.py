"""Upload handlers: a file is stopped at its limit while it comes in, and taken in one place only.

Django reads a form's files before any view can judge them. ``RefuseFiles`` stands in every request
(see settings), so that nobody fills the disk through a form that takes none; the page that takes
entries puts ``LimitedUpload`` in its place, once it knows who hands in what.
"""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import (
    FileUploadHandler,
    SkipFile,
    StopUpload,
    TemporaryFileUploadHandler,
)
from django.http import HttpRequest

__all__ = ["LimitedUpload", "RefuseFiles", "limit_upload"]

# The boundary, the field names and the CSRF token around the file.
FORM_BYTES = 64 << 10


class RefuseFiles(FileUploadHandler):
    """Stops at the first file: not a byte of it is written, nor read from there on."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise StopUpload(connection_reset=True)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        return None

    def file_complete(self, file_size: int) -> None:
        return None


class LimitedUpload(TemporaryFileUploadHandler):
    """One file into a temporary file; reading ends at ``limit`` bytes. A second file is dropped.

    ``is_too_large`` is true from the start where the request says that it is longer.
    """

    def __init__(self, request: HttpRequest, limit: int) -> None:
        super().__init__(request)
        said = request.META.get("CONTENT_LENGTH") or "0"
        self._limit, self._received, self._files = limit, 0, 0
        self.is_too_large = said.isdigit() and int(said) > limit + FORM_BYTES

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self._files += 1
        if self._files > 1:
            raise SkipFile
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._received += len(raw_data)
        if self._received > self._limit:
            self.is_too_large = True
            raise StopUpload(connection_reset=True)
        super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        file = super().file_complete(file_size)
        del self.file  # a file that is skipped would close what the handler still holds
        return file


def limit_upload(request: HttpRequest, limit: int) -> LimitedUpload:
    """Let the request carry one file of up to ``limit`` bytes. Call it before its form is read."""
    handler = LimitedUpload(request, limit)
    request.upload_handlers = [handler]
    return handler
