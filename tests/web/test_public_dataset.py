"""What a participant evaluates on at home: the public pictures, and they only, as a zip."""

import io
import zipfile
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.http import FileResponse
from django.test import Client
from django.urls import reverse

from evaluator.datasets import load_dataset
from stylearena.competitions.models import Dataset
from stylearena.competitions.services import register_dataset
from tests.web.board_rows import page_text
from tests.web.factories import PhaseFactory, write_dataset


@pytest.fixture
def dataset(db: None, tmp_path: Path) -> Dataset:
    folder = write_dataset(tmp_path / "tiny")
    (folder / "notes.txt").write_text("not for everybody")
    (folder / "pairs.csv").write_text("content,style\ncontent-0,style-1\ncontent-2,style-0\n")
    return register_dataset(load_dataset(folder), folder, is_public=True)


def download_of(dataset: Dataset) -> str:
    return reverse("competitions:download", args=[dataset.digest])


def body(client: Client, dataset: Dataset) -> bytes:
    response = client.get(download_of(dataset))
    assert isinstance(response, FileResponse)
    assert response.status_code == 200
    return b"".join(response.streaming_content)  # type: ignore[arg-type]  # not asynchronous here


def test_what_is_downloaded_is_what_the_site_judges_on(
    client: Client, dataset: Dataset, tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(body(client, dataset))) as archive:
        archive.extractall(tmp_path / "home")
    found = load_dataset(tmp_path / "home" / "tiny-1")
    assert found.digest == dataset.digest
    assert len(found.pairs) == 2


def test_nothing_else_in_the_folder_goes_out(client: Client, dataset: Dataset) -> None:
    with zipfile.ZipFile(io.BytesIO(body(client, dataset))) as archive:
        names = archive.namelist()
    assert "tiny-1/dataset.toml" in names
    assert len(names) == 2 + 3 + 2
    assert not [name for name in names if "notes" in name]


def test_it_is_packed_once_and_the_same_every_time(client: Client, dataset: Dataset) -> None:
    first = body(client, dataset)
    assert default_storage.listdir("downloads")[1] == [f"{dataset.digest}.zip"]
    assert body(client, dataset) == first
    default_storage.delete(f"downloads/{dataset.digest}.zip")
    assert body(client, dataset) == first


def test_it_comes_as_a_named_file(client: Client, dataset: Dataset) -> None:
    response = client.head(download_of(dataset))
    response.close()
    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Content-Disposition"] == 'attachment; filename="tiny-1.zip"'


def test_held_out_pictures_are_as_good_as_unknown(client: Client, dataset: Dataset) -> None:
    body(client, dataset)  # a zip made while it was public is no way in either
    Dataset.objects.update(is_public=False)
    picture = reverse("competitions:picture", args=[dataset.digest, "style", "style-0"])
    assert client.get(download_of(dataset)).status_code == 404
    assert client.get(picture).status_code == 404


def test_the_page_leads_to_the_download_and_to_the_command_that_uses_it(
    client: Client, dataset: Dataset
) -> None:
    phase = PhaseFactory(dataset=dataset, smoke_dataset=dataset, protocol="untrained-1")
    url = reverse("competitions:detail", args=[phase.competition.slug])
    page = page_text(client.get(url))
    assert download_of(dataset) in page
    assert "--dataset tiny-1" in page
    assert "--protocol untrained-1" in page
