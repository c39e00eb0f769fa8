"""Files in an object store: a real S3-protocol server, and an entry's whole way through it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from pytest_django import Settings

from stylearena.competitions.models import Visibility
from stylearena.judging import work
from stylearena.judging.models import Stage
from stylearena.object_store import ObjectStore
from stylearena.submissions.models import State
from tests.object_store import Bucket, object_store
from tests.web.judging_rows import evaluation_of
from tests.web.test_health import in_a_fresh_process
from tests.web.test_judging_work import IDENTITY, hand_in, judge_all

CONFIGURED = """
import json
from django.conf import settings
print(json.dumps(settings.STORAGES["default"]))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    with object_store() as bucket:
        yield bucket


@pytest.fixture(scope="module")
def configured(server: Bucket) -> dict[str, Any]:
    """What the settings make of the environment of an installation with this store."""
    found: dict[str, Any] = json.loads(in_a_fresh_process(CONFIGURED, **server.variables))
    return found


@pytest.fixture
def bucket(server: Bucket, configured: dict[str, Any], settings: Settings) -> Iterator[Bucket]:
    """The site's files lie in the bucket."""
    settings.STORAGES = {**settings.STORAGES, "default": configured}
    yield server
    for key in server.objects():
        server.client().delete_object(Bucket=server.name, Key=key)


def test_what_is_saved_can_be_read_and_deleted(bucket: Bucket) -> None:
    name = default_storage.save("entries/one.zip", ContentFile(b"bytes"))
    assert bucket.objects() == ["entries/one.zip"]
    with default_storage.open(name, "rb") as file:
        assert file.read() == b"bytes"
    assert default_storage.size(name) == 5
    default_storage.delete(name)
    assert bucket.objects() == []


def test_a_taken_name_is_never_written_over(bucket: Bucket) -> None:
    names = [default_storage.save("shards/1.npz", ContentFile(text)) for text in (b"a", b"b")]
    assert len(set(names)) == 2
    with default_storage.open(names[0], "rb") as file:
        assert file.read() == b"a"


def test_an_absent_object_reads_as_an_absent_file(bucket: Bucket) -> None:
    assert not default_storage.exists("nothing")
    with pytest.raises(FileNotFoundError):
        default_storage.open("nothing", "rb")


def test_a_refusing_store_reads_as_an_error_of_the_system(configured: dict[str, Any]) -> None:
    storage = ObjectStore(**configured["OPTIONS"] | {"bucket_name": "somebody-elses"})
    with pytest.raises(OSError, match=r"did not do as asked with one\.zip"):
        storage.save("one.zip", ContentFile(b"bytes"))


def test_no_object_can_be_read_without_a_key(bucket: Bucket) -> None:
    default_storage.save("entries/secret.zip", ContentFile(b"bytes"))
    acl = bucket.client().get_object_acl(Bucket=bucket.name, Key="entries/secret.zip")
    assert not [grant for grant in acl["Grants"] if grant["Grantee"].get("URI")]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_entry_is_judged_and_shown_with_every_file_in_the_store(
    bucket: Bucket, tmp_path: Path, settings: Settings, client: Client
) -> None:
    submission = hand_in(tmp_path, settings, IDENTITY, shard_pairs=4, visibility=Visibility.OPEN)
    for stage in (Stage.SMOKE, Stage.FULL):
        judge_all(submission, stage)
    full = evaluation_of(submission)
    work.conclude(full.pk)
    submission.refresh_from_db()
    assert submission.state == State.SCORED

    kinds = [key.partition("/")[0] for key in bucket.objects()]
    counts = {kind: kinds.count(kind) for kind in ("entries", "shards", "gallery", "reports")}
    assert counts == {"entries": 1, "shards": 2, "gallery": 6, "reports": 1}
    assert not (tmp_path / "media").exists()

    page = client.get(f"/entries/{submission.pk}/")
    assert page.status_code == 200
    kept = full.gallery.first()
    picture = client.get(f"/entries/{submission.pk}/pictures/{kept.pair}/output.jpeg")
    assert (picture.status_code, picture.content[:2]) == (200, b"\xff\xd8")
