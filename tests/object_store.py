"""An S3-protocol server of our own (moto's) with one empty bucket, for as long as a block runs.

It listens on this machine only and forgets everything at its end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

__all__ = ["Bucket", "object_store"]

_KEY = "testing"  # moto takes any
_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Bucket:
    """How to reach the bucket."""

    endpoint: str
    name: str = "arena"

    @property
    def variables(self) -> dict[str, str]:
        """What an installation sets in its environment to keep its files here."""
        return {
            "STYLEARENA_S3_BUCKET": self.name,
            "STYLEARENA_S3_ENDPOINT": self.endpoint,
            "STYLEARENA_S3_REGION": _REGION,
            "STYLEARENA_S3_ADDRESSING": "path",
            "STYLEARENA_S3_ACCESS_KEY": _KEY,
            "STYLEARENA_S3_SECRET_KEY": _KEY,
        }

    def objects(self) -> list[str]:
        """The names of all objects, asked of the server itself."""
        found = self.client().list_objects_v2(Bucket=self.name)
        return sorted(entry["Key"] for entry in found.get("Contents", ()))

    def client(self) -> Any:
        """A client that knows nothing of the platform."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=_REGION,
            aws_access_key_id=_KEY,
            aws_secret_access_key=_KEY,
        )


@contextmanager
def object_store(host: str = "127.0.0.1") -> Iterator[Bucket]:
    """Start the server on a free port of ``host``, and make the bucket."""
    server = ThreadedMotoServer(ip_address=host, port=0, verbose=False)
    server.start()
    try:
        address, port = server.get_host_and_port()
        bucket = Bucket(f"http://{address}:{port}")
        bucket.client().create_bucket(Bucket=bucket.name)
        yield bucket
    finally:
        server.stop()
