"""Scoring ready-made pictures: evaluate's own numbers, and a sentence for each thing amiss."""

import html
import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from evaluator import cli
from evaluator.datasets import Dataset, load_dataset
from evaluator.errors import OrganiserError, ParticipantError
from evaluator.evaluate import evaluate
from evaluator.images import PicturePolicy, decode, encode_png
from evaluator.report import Report
from evaluator.score_outputs import score_outputs
from evaluator.scoring import Scorer
from tests.evaluator.tiny import blend, small_protocol, tiny_dataset


@pytest.fixture(scope="module", autouse=True)
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("data") / "tiny", contents=4, styles=3)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(small_protocol())


@pytest.fixture(scope="module")
def evaluated(
    dataset: Dataset, scorer: Scorer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Report]:
    folder = tmp_path_factory.mktemp("run")
    entry = blend(folder / "blend.onnx", 0.4)
    return folder / "results", evaluate(entry, dataset, scorer=scorer, out=folder / "results")


@pytest.fixture
def outputs(evaluated: tuple[Path, Report], tmp_path: Path) -> Path:
    """A copy of the pictures that may be spoilt."""
    return Path(shutil.copytree(evaluated[0] / "outputs", tmp_path / "mine"))


def test_the_numbers_are_those_of_evaluate(
    evaluated: tuple[Path, Report], outputs: Path, dataset: Dataset, scorer: Scorer
) -> None:
    report = score_outputs(outputs, dataset, scorer=scorer)
    assert report.overall == evaluated[1].overall
    assert report.replicates == evaluated[1].replicates
    assert [p.values for p in report.pairs] == [p.values for p in evaluated[1].pairs]
    assert report.provenance.key == evaluated[1].provenance.key


def test_the_folder_that_evaluate_wrote_is_taken_as_it_is(
    evaluated: tuple[Path, Report], dataset: Dataset, scorer: Scorer
) -> None:
    assert score_outputs(evaluated[0], dataset, scorer=scorer).overall == evaluated[1].overall


def test_the_same_files_are_written_and_nothing_is_said_of_cost(
    outputs: Path, dataset: Dataset, scorer: Scorer, tmp_path: Path
) -> None:
    report = score_outputs(outputs, dataset, scorer=scorer, name="Mine", out=tmp_path / "out")
    assert Report.load(tmp_path / "out" / "report.json") == report
    assert len(list((tmp_path / "out" / "outputs").glob("*.png"))) == len(dataset.pairs)
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "ready-made pictures" in page
    assert "Time for a pair" not in page
    assert (report.entry.name, report.provenance.sandbox_rung) == ("Mine", "none")
    assert any("not seen" in notice for notice in report.notices)


def test_the_digest_is_that_of_the_pictures(
    outputs: Path, dataset: Dataset, scorer: Scorer
) -> None:
    before = score_outputs(outputs, dataset, scorer=scorer).entry.digest
    changed = outputs / f"{dataset.pairs[0].id}.png"
    changed.write_bytes(encode_png(np.full((64, 64, 3), 7, np.uint8)))
    assert score_outputs(outputs, dataset, scorer=scorer).entry.digest != before


def test_missing_pictures_are_counted_and_the_first_is_named(
    outputs: Path, dataset: Dataset, scorer: Scorer
) -> None:
    for pair in dataset.pairs[2:5]:
        (outputs / f"{pair.id}.png").unlink()
    with pytest.raises(
        ParticipantError, match=f"lacks 3 of the 12.*{dataset.pairs[2].id}"
    ) as caught:
        score_outputs(outputs, dataset, scorer=scorer)
    assert caught.value.code == "outputs.missing"


def test_pictures_of_any_kind_are_scored(
    outputs: Path, dataset: Dataset, scorer: Scorer, tmp_path: Path
) -> None:
    expected = score_outputs(outputs, dataset, scorer=scorer)
    for pair, ending in zip(dataset.pairs, (".BMP", ".tiff", ".webp"), strict=False):
        lossless = Image.open(outputs / f"{pair.id}.png")
        lossless.save(outputs / f"{pair.id}{ending}", lossless=True)
        (outputs / f"{pair.id}.png").unlink()
    report = score_outputs(outputs, dataset, scorer=scorer, out=tmp_path / "out")
    assert [p.values for p in report.pairs] == [p.values for p in expected.pairs]
    assert score_outputs(tmp_path / "out", dataset, scorer=scorer).overall == expected.overall


def test_two_pictures_for_one_pair_are_refused(
    outputs: Path, dataset: Dataset, scorer: Scorer
) -> None:
    pair = dataset.pairs[1].id
    Image.open(outputs / f"{pair}.png").save(outputs / f"{pair}.jpg")
    with pytest.raises(ParticipantError, match=rf"{pair}.jpg and {pair}.png") as caught:
        score_outputs(outputs, dataset, scorer=scorer)
    assert caught.value.code == "outputs.twice"


def test_a_picture_of_another_size_is_refused(
    outputs: Path, dataset: Dataset, scorer: Scorer
) -> None:
    wrong = outputs / f"{dataset.pairs[1].id}.png"
    wrong.write_bytes(encode_png(np.zeros((64, 80, 3), np.uint8)))
    with pytest.raises(
        ParticipantError, match=r"is 80×64, but its content picture is 64×64"
    ) as caught:
        score_outputs(outputs, dataset, scorer=scorer)
    assert caught.value.code == "outputs.wrong_size"


@pytest.fixture
def oblong(tmp_path: Path) -> Dataset:
    """One pair of 80×64."""
    made = tiny_dataset(tmp_path / "tiny", contents=1, styles=1)
    for picture in (*made.content, *made.style):
        Image.open(picture.path).crop((0, 0, 80, 64)).save(picture.path)
    return load_dataset(made.root)


@pytest.fixture(scope="module")
def native() -> Scorer:
    return Scorer(replace(small_protocol(), pictures=PicturePolicy(size=None)))


def save_turned(stored: Image.Image, path: Path) -> None:
    """So that it is seen turned by a quarter to the right."""
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    path.parent.mkdir(exist_ok=True)
    stored.save(path, lossless=True, exif=turned)


def test_a_picture_that_exif_turns_has_the_size_that_is_seen(
    oblong: Dataset, native: Scorer, tmp_path: Path
) -> None:
    outputs, (pair,), (style,) = tmp_path / "mine", oblong.pairs, oblong.style
    outputs.mkdir()
    shown = Image.open(style.path)
    shown.save(outputs / f"{pair.id}.png")
    expected = score_outputs(outputs, oblong, scorer=native)
    (outputs / f"{pair.id}.png").unlink()
    stored = shown.transpose(Image.Transpose.ROTATE_90)
    save_turned(stored, outputs / f"{pair.id}.webp")
    assert score_outputs(outputs, oblong, scorer=native).overall == expected.overall


def test_a_picture_that_exif_turns_away_from_its_content_s_size_is_refused(
    oblong: Dataset, native: Scorer, tmp_path: Path
) -> None:
    outputs, (pair,), (style,) = tmp_path / "mine", oblong.pairs, oblong.style
    save_turned(Image.open(style.path), outputs / f"{pair.id}.webp")
    with pytest.raises(
        ParticipantError, match=r"is 64×80, but its content picture is 80×64"
    ) as caught:
        score_outputs(outputs, oblong, scorer=native)
    assert caught.value.code == "outputs.wrong_size"


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_an_unreadable_picture_is_named(
    content: bytes, outputs: Path, dataset: Dataset, scorer: Scorer
) -> None:
    (outputs / f"{dataset.pairs[3].id}.png").write_bytes(content)
    with pytest.raises(OrganiserError, match=dataset.pairs[3].id) as caught:
        score_outputs(outputs, dataset, scorer=scorer)
    assert caught.value.code.startswith("picture.")


def test_a_picture_cut_short_is_named(outputs: Path, dataset: Dataset, scorer: Scorer) -> None:
    cut = outputs / f"{dataset.pairs[0].id}.png"
    cut.write_bytes(cut.read_bytes()[:-200])
    with pytest.raises(OrganiserError, match=dataset.pairs[0].id) as caught:
        score_outputs(outputs, dataset, scorer=scorer)
    assert caught.value.code == "picture.truncated"


def test_no_folder_is_one_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["stylearena", "score", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 2
    assert "is not a folder" in capsys.readouterr().err


def test_a_device_that_does_not_exist_is_refused_before_anything_is_painted(tmp_path: Path) -> None:
    with pytest.raises(ParticipantError, match="tpu") as caught:
        score_outputs(tmp_path, device="tpu", on_painted=lambda *_: pytest.fail("painted"))
    assert caught.value.code == "device.unknown"


def test_pictures_beside_an_older_folder_of_outputs_are_the_ones_scored(
    outputs: Path, dataset: Dataset, scorer: Scorer
) -> None:
    before = score_outputs(outputs, dataset, scorer=scorer, out=outputs)
    for pair in dataset.pairs:  # better ones: the contents themselves
        content = decode(dataset.content.by_id(pair.content).path, scorer.protocol.pictures)
        (outputs / f"{pair.id}.png").write_bytes(encode_png(content))
    after = score_outputs(outputs, dataset, scorer=scorer, out=outputs)
    assert before.overall["content_loss"].value > 0
    assert after.overall["content_loss"].value == 0


def test_a_folder_of_outputs_that_is_no_run_s_is_never_replaced(
    outputs: Path, dataset: Dataset, scorer: Scorer, tmp_path: Path
) -> None:
    mine = tmp_path / "out" / "outputs"
    mine.mkdir(parents=True)
    (mine / "notes.txt").write_text("mine")
    with pytest.raises(ParticipantError, match="--out") as caught:
        score_outputs(outputs, dataset, scorer=scorer, out=tmp_path / "out")
    assert caught.value.code == "out.foreign"
    assert (mine / "notes.txt").read_text() == "mine"


def test_pictures_are_never_replaced_by_what_is_made_of_them(
    evaluated: tuple[Path, Report], dataset: Dataset, scorer: Scorer
) -> None:
    with pytest.raises(ParticipantError, match="would replace") as caught:
        score_outputs(evaluated[0], dataset, scorer=scorer, out=evaluated[0])
    assert caught.value.code == "out.foreign"


def test_the_page_s_command_does_the_run_again(
    outputs: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(outputs)
    data = os.path.relpath(dataset.root, outputs)
    place = ["--dataset", data, "--protocol", "small", "--name", "My method"]
    command = ["stylearena", "score", ".", *place, "--out", "../out"]
    reports, results = [], tmp_path / "out"
    for _ in range(2):
        monkeypatch.setattr("sys.argv", command)
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert caught.value.code == 0
        reports.append(Report.load(results / "report.json"))
        page = (results / "report.html").read_text("utf-8")
        shown = html.unescape(page.split("<pre><code>stylearena ")[1].split("</code>")[0])
        command, results = ["stylearena", *shlex.split(shown)], Path("stylearena-mine")
    assert reports[0].entry == reports[1].entry
    assert reports[0].entry.name == "My method"
    assert str(tmp_path) not in page


def test_the_command_scores_and_says_where_the_results_are(
    outputs: Path,
    dataset: Dataset,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [str(outputs), "--dataset", str(dataset.root), "--protocol", "small"]
    monkeypatch.setattr("sys.argv", ["stylearena", "score", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    assert "stylearena-mine/" in capsys.readouterr().out
    assert (tmp_path / "stylearena-mine" / "report.html").is_file()
