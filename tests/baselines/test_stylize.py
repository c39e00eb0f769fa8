"""``stylearena stylize``: found by its entry point, several styles, colours, and refusals."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from baselines.features import feature_network
from baselines.methods import gatys_entry
from baselines.methods.gatys_entry import Optimisation, loss_of, stylise, with_colours_of
from baselines.stylize import stylize
from evaluator.commands.console import Steps
from evaluator.errors import ParticipantError
from evaluator.images import PicturePolicy, decode, encode_png
from tests.evaluator.tiny import waves

SEEDED = "seeded-vgg19-quarter"
OPTIONS = Optimisation(iterations=(2, 3))
LAYERS = {OPTIONS.content_layer, *OPTIONS.style_layers}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for index, name in enumerate(("content", "style", "other")):
        (tmp_path / f"{name}.png").write_bytes(encode_png(waves(index, side=80)))
    (tmp_path / "quick.toml").write_text(f'features = "{SEEDED}"\niterations = [1, 2]\n')
    return tmp_path


def tensor(seed: int) -> torch.Tensor:
    return torch.from_numpy(waves(seed, side=48)).permute(2, 0, 1)[None].float() / 255


def run(folder: Path, *options: str) -> np.ndarray:
    app = typer.Typer()
    app.command()(stylize)
    out = folder / "out.png"
    given = [str(folder / "content.png"), "--style", str(folder / "style.png"), "--out", str(out)]
    given += ["--config", str(folder / "quick.toml"), "--size", "64", *options]
    result = CliRunner().invoke(app, given)
    if result.exception is not None:
        raise result.exception
    return decode(out, PicturePolicy(size=None))


def test_a_picture_is_written_in_the_size_asked_for(pictures: Path) -> None:
    assert run(pictures).shape == (64, 64, 3)


def test_the_bar_counts_to_what_lbfgs_may_take_and_ends(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[int, int]] = []
    monkeypatch.setattr(Steps, "count", lambda _, label, done, total: counted.append((done, total)))
    run(pictures)
    assert counted[0] == (1, 1 + 2)  # 5/4 of 1 and 2 iterations
    assert counted[-1] == (counted[-2][0], counted[-2][0])


def test_a_second_style_changes_the_result(pictures: Path) -> None:
    alone = run(pictures)
    both = run(pictures, "--style", str(pictures / "other.png"), "--share", "1", "--share", "3")
    assert not np.array_equal(alone, both)


def test_without_strength_the_content_stays(pictures: Path) -> None:
    untouched = decode(pictures / "content.png", PicturePolicy(size=64, min_side=1))
    found = run(pictures, "--strength", "0")
    assert np.abs(found.astype(int) - untouched.astype(int)).mean() < 3


def test_what_the_file_says_holds_where_the_command_line_says_nothing(pictures: Path) -> None:
    plain = run(pictures, "--strength", "0")
    with (pictures / "quick.toml").open("a") as file:
        file.write("strength = 0.0\n")
    assert np.array_equal(run(pictures), plain)
    assert not np.array_equal(run(pictures, "--strength", "1"), plain)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("iterations = [1]", "a number for each of scales"),
        ('iterations = ["a", "b"]', "an int|a int"),
        ("iterations = [0, 2]", "from 1 on"),
        ("scales = [1.0, 0.5]", "the last of them 1"),
        ("style_layers = []", "must name at least one layer"),
        ("style_weight = nan", "style_weight must be a finite number"),
        ("content_weight = inf", "content_weight must be a finite number"),
        ("strength = -1.0", "strength must be a finite number from 0 on"),
    ],
)
def test_a_file_that_could_not_be_followed_is_refused(
    pictures: Path, line: str, sentence: str
) -> None:
    key = line.split()[0]
    kept = [row for row in (pictures / "quick.toml").read_text().splitlines() if key not in row]
    (pictures / "quick.toml").write_text("\n".join([*kept, line]))
    with pytest.raises(ParticipantError, match=sentence):
        run(pictures)


def test_missing_weights_are_a_sentence_whose_advice_helps(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STYLEARENA_WEIGHTS_DIR", str(pictures))
    quick = (pictures / "quick.toml").read_text()
    (pictures / "quick.toml").write_text(quick.replace(SEEDED, "vgg19-torchvision"))
    with pytest.raises(ParticipantError, match="run `stylearena weights fetch") as refusal:
        run(pictures)
    advice = re.findall(r'\w+ = (?:"[^"]*"|\[[^]]*\])', str(refusal.value))
    assert len(advice) == 3
    (pictures / "quick.toml").write_text("\n".join([*advice, "iterations = [1, 2]"]))
    assert run(pictures).shape == (64, 64, 3)


def test_shares_must_be_as_many_as_styles(pictures: Path) -> None:
    with pytest.raises(ParticipantError, match="give each style one share"):
        run(pictures, "--share", "1", "--share", "2")


@pytest.mark.parametrize("place", ["folder.png", "content.png/new/out.png"])
def test_a_place_that_cannot_be_written_is_named_before_painting(
    pictures: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pictures / "folder.png").mkdir()
    monkeypatch.setattr(gatys_entry, "stylise", lambda *_: pytest.fail("it painted"))
    with pytest.raises(ParticipantError, match=r"cannot be written: .*another place") as refusal:
        run(pictures, "--out", str(pictures / place))
    assert refusal.value.code == "stylize.unwritable"


@pytest.mark.parametrize("place", ["new/deep/out.png", f"new/{300 * 'n'}/out.png"])
def test_a_refusal_leaves_nothing_behind(pictures: Path, place: str) -> None:
    before = sorted(pictures.rglob("*"))
    with pytest.raises(ParticipantError):
        run(pictures, "--share", "0", "--out", str(pictures / place))
    assert sorted(pictures.rglob("*")) == before


def test_a_refusal_leaves_a_link_to_nothing_as_it_is(pictures: Path) -> None:
    link = pictures / "link.png"
    link.symlink_to(pictures / "later.png")
    with pytest.raises(ParticipantError, match="shares"):
        run(pictures, "--share", "0", "--out", str(link))
    assert link.is_symlink()
    assert not link.exists()


@pytest.mark.parametrize(
    ("option", "number"), [("--share", "nan"), ("--share", "inf"), ("--strength", "inf")]
)
def test_what_is_no_finite_number_is_refused(pictures: Path, option: str, number: str) -> None:
    with pytest.raises(ParticipantError, match="finite number"):
        run(pictures, option, number)
    assert not (pictures / "out.png").exists()


def test_a_picture_that_is_not_finite_is_not_written(pictures: Path) -> None:
    with pytest.raises(ParticipantError, match="lower --strength") as refusal:
        run(pictures, "--strength", "1e300")
    assert refusal.value.code == "stylize.diverged"
    assert not (pictures / "out.png").exists()


def test_the_loss_falls_and_more_iterations_let_it_fall_further() -> None:
    features = feature_network(SEEDED, LAYERS)
    content, style = tensor(1), tensor(2)
    loss = loss_of(features, content, [(style, 1.0)], OPTIONS)
    few, many = (
        stylise(features, content, [(style, 1.0)], OPTIONS._replace(iterations=iterations))
        for iterations in ((1, 1), (2, 4))
    )
    with torch.no_grad():
        assert float(loss(many)) < float(loss(few)) < float(loss(content))


def test_kept_colours_are_those_of_the_content() -> None:
    content, image = 0.3 + 0.4 * tensor(1), 0.3 + 0.4 * tensor(2)
    found = with_colours_of(image, content)
    luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    inside = (found > 0).all(1) & (found < 1).all(1)
    luminance = ((found - image) * luma).sum(1)
    blue_yellow = (found - content)[:, 2] - ((found - content) * luma).sum(1)
    assert float(luminance[inside].abs().max()) < 1e-3
    assert float(blue_yellow[inside].abs().max()) < 1e-3


def test_the_command_line_finds_commands_by_their_entry_point(tmp_path: Path) -> None:
    package = tmp_path / "extra-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: extra\nVersion: 1\n")
    (package / "entry_points.txt").write_text(
        "[stylearena.commands]\nrepaint = baselines.stylize:stylize\ncheck = no.such:module\n"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['x', 'repaint', '--help'];"
        "from evaluator.cli import main\n"
        "try: main()\n"
        "finally: assert 'torch' not in sys.modules"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Paint one picture in the manner of others" in result.stdout
