"""Files in an S3-compatible object store: django-storages', private, patient, and typed in errors.

The rest of the platform knows files that can or cannot be read (OSError), not a vendor's errors.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

__all__ = ["ObjectStore"]

_CONNECT_SECONDS = 5
_READ_SECONDS = 30
_ATTEMPTS = 4


class ObjectStore(S3Storage):  # type: ignore[misc]  # django-storages has no types
    """One bucket. Every failure is an OSError (FileNotFoundError for what is not there)."""

    def __init__(self, **options: Any) -> None:
        style = options.get("addressing_style")
        super().__init__(
            **{
                "default_acl": None,  # the bucket's own policy: private, unless somebody opened it
                "file_overwrite": False,
                "client_config": _client(style),
                **{name: value for name, value in options.items() if value is not None},
            }
        )

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        """Read the whole object now: a store that goes away later does not break a page."""
        with _os_errors(name):
            file: File[bytes] = super()._open(name, mode)
            return file.open() if "r" in mode else file

    def _save(self, name: str, content: "File[bytes]") -> str:
        with _os_errors(name):
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        with _os_errors(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with _os_errors(name):
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        with _os_errors(name):
            return int(super().size(name))


@contextmanager
def _os_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise OSError(f"The object store did not do as asked with {name}: {error}") from error


def _client(addressing_style: str | None) -> Config:
    """Bounded waits and retries; no checksums that only Amazon's own store understands."""
    return Config(
        s3={"addressing_style": addressing_style},
        signature_version="s3v4",
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
