"""``stylearena dataset``: what its commands write, print and refuse."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from evaluator.commands.dataset import app
from evaluator.datasets import load_dataset
from evaluator.demo import builder
from evaluator.demo.works import works_of
from evaluator.errors import OrganiserError
from evaluator.images import encode_png


def put(path: Path, shade: int, side: int = 64) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(np.full((side, side, 3), shade, np.uint8)))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for shade, name in enumerate(("boat", "cat")):
        put(tmp_path / "photos" / f"{name}.png", shade)
    put(tmp_path / "paintings" / "oil" / "monet.png", 9)
    put(tmp_path / "more" / "oil" / "manet.png", 10)
    return tmp_path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def build(root: Path, *more: str | Path) -> Result:
    words = ("--content", root / "photos", "--style", root / "paintings", "--name", "mine")
    return run("build", *words, "--version", "1", "--out", root / "set", *more)


def test_build_writes_a_dataset_that_loads(pictures: Path) -> None:
    assert build(pictures, "--reference", pictures / "more", "--licence", "CC0").exit_code == 0
    dataset = load_dataset(pictures / "set")
    assert [pair.id for pair in dataset.pairs] == ["boat__monet", "cat__monet"]
    assert dataset.reference.by_id("manet").family == "oil"
    assert dataset.content.by_id("cat").licence == "CC0"


def test_build_takes_a_pairs_file(pictures: Path) -> None:
    (pictures / "mine.csv").write_text("content,style\ncat,monet\n")
    assert build(pictures, "--pairs", pictures / "mine.csv").exit_code == 0
    assert len(load_dataset(pictures / "set").pairs) == 1


def test_build_copies_pictures_byte_for_byte(pictures: Path) -> None:
    build(pictures)
    original = (pictures / "photos" / "cat.png").read_bytes()
    assert (pictures / "set" / "content" / "cat.png").read_bytes() == original


def test_build_refuses_a_bad_picture_and_leaves_nothing(pictures: Path) -> None:
    put(pictures / "photos" / "dot.png", 3, side=8)
    error = build(pictures).exception
    assert isinstance(error, OrganiserError)
    assert error.code == "picture.too_small"
    assert not [path for path in pictures.iterdir() if path.name.strip(".").startswith("set")]


def test_build_refuses_a_folder_that_is_there(pictures: Path) -> None:
    build(pictures)
    error = build(pictures).exception
    assert isinstance(error, OrganiserError)
    assert error.code == "dataset.exists"


def test_build_refuses_a_folder_that_cannot_be_made(pictures: Path) -> None:
    (pictures / "file").touch()
    refused = build(pictures, "--out", pictures / "file" / "set")
    assert isinstance(refused.exception, OrganiserError)
    assert refused.exception.code == "dataset.unwritable"
    assert "name another folder" in str(refused.exception)


def test_info_as_json_counts_everything(pictures: Path) -> None:
    build(pictures, "--licence", "CC0")
    facts = json.loads(run("info", pictures / "set", "--json").stdout)
    assert facts["digest"] == load_dataset(pictures / "set").digest
    assert (facts["contents"], facts["styles"], facts["pairs"]) == (2, 1, 2)
    assert facts["families"] == {"oil": 1}
    assert facts["sizes"] == {"64×64": 3}
    assert facts["licences"] == {"CC0": 3}


def test_info_for_people_shows_families_and_digest(pictures: Path) -> None:
    build(pictures)
    shown = run("info", pictures / "set").stdout
    assert "oil: 1" in shown
    assert load_dataset(pictures / "set").digest[:20] in shown


@pytest.fixture
def painted_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    """The held-out demo, of one colour each: quick."""

    def flat(folder: Path, split: str, tell: object) -> None:
        for shade, work in enumerate(works_of("heldout")):
            put(folder / work.file, shade)

    monkeypatch.setattr(builder, "paint_all", flat)


@pytest.mark.usefixtures("painted_flat")
def test_demo_builds_into_a_folder(tmp_path: Path) -> None:
    done = run("demo", "--split", "heldout", "--out", tmp_path / "demo", "--json")
    facts = json.loads(done.stdout)
    assert (facts["name"], facts["pairs"]) == ("demo-heldout", 192)
    assert facts["folder"] == str(tmp_path / "demo")


@pytest.mark.usefixtures("painted_flat")
def test_info_knows_the_demo_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path))
    assert json.loads(run("info", "demo-heldout", "--json").stdout)["pairs"] == 192
