"""The demo dataset: its parts, its disjoint splits, and works that come out the same again."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from evaluator.datasets import Dataset, load_dataset
from evaluator.demo import builder, demo_dataset
from evaluator.demo.builder import build_demo
from evaluator.demo.painting.families import FAMILIES, render
from evaluator.demo.painting.motifs import MOTIFS
from evaluator.demo.painting.palettes import PALETTES
from evaluator.demo.photographs import CROPS, SOURCES, crops_of
from evaluator.demo.works import FAMILY_NAMES, works_of
from evaluator.errors import OrganiserError, PlatformFault
from evaluator.images import PicturePolicy, decode, encode_png


def quick_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paint flat squares, one colour a work: for tests of the building, not of the painting."""

    def flat(folder: Path, split: str, tell: object) -> None:
        for work in works_of("public" if split == "public" else "heldout"):
            path = folder / work.file
            path.parent.mkdir(parents=True, exist_ok=True)
            seed = hashlib.sha256(work.file.encode()).digest()[:3]
            path.write_bytes(encode_png(np.full((256, 256, 3), list(seed), np.uint8)))

    monkeypatch.setattr(builder, "paint_all", flat)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patched:
        quick_works(patched)
        demo_dataset("public", folder)
    return folder


@pytest.fixture
def built(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    quick_works(monkeypatch)
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return demo_dataset("public", tmp_path)


def test_public_part_has_twelve_contents_and_one_style_of_each_family(built: Dataset) -> None:
    assert len(built.content) == 12
    assert built.families == tuple(sorted(FAMILY_NAMES))
    assert len(built.style) == 8
    assert len(built.pairs) == 96


def test_reference_set_holds_eight_other_works_of_each_family(built: Dataset) -> None:
    styles = {picture.id for picture in built.style}
    for family in built.families:
        works = {picture.id for picture in built.reference if picture.family == family}
        assert len(works) == 8
        assert not works & styles


def test_heldout_part_has_192_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_works(monkeypatch)
    dataset = demo_dataset("heldout", tmp_path)
    assert dataset.name == "demo-heldout"
    assert len(dataset.content) == 24
    assert len(dataset.pairs) == 192


def test_contents_are_256_square_and_carry_their_licence(built: Dataset) -> None:
    for picture in built.content:
        assert decode(picture.path, PicturePolicy(size=None)).shape == (256, 256, 3)
        assert picture.licence == SOURCES[picture.family].licence


def test_splits_share_no_photograph() -> None:
    public, heldout = ({crop.source for crop in crops_of(split)} for split in ("public", "heldout"))
    assert public.isdisjoint(heldout)


def test_no_two_crops_are_the_same_picture() -> None:
    assert len({crop.cut().tobytes() for crop in CROPS}) == len(CROPS) == 36


def test_crops_lie_inside_their_photographs() -> None:
    for crop in CROPS:
        corner = np.asarray(crop.cut())[-8:, -8:]
        assert corner.any() or crop.source in {"retina", "hubble", "astronaut"}, crop.id


def test_splits_share_no_work() -> None:
    public, heldout = ({(w.family, w.number) for w in works_of(s)} for s in ("public", "heldout"))
    assert len(public) == len(heldout) == 72
    assert public.isdisjoint(heldout)


def test_every_work_of_a_family_has_its_own_motif_and_palette() -> None:
    for family in FAMILIES.values():
        assert set(family.motifs) <= set(MOTIFS)
        assert set(family.palettes) <= set(range(len(PALETTES)))
        looks = {
            (family.motifs[n % len(family.motifs)], family.palettes[n % len(family.palettes)])
            for n in range(18)
        }
        assert len(looks) == 18, family.name


def test_families_painted_are_the_families_listed() -> None:
    assert set(FAMILIES) == set(FAMILY_NAMES)


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_a_work_is_256_square_and_uses_its_range(family: str) -> None:
    pixels = render(family, 0)
    assert pixels.shape == (256, 256, 3)
    assert pixels.dtype == np.uint8
    assert pixels.std() > 15
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 2000


@pytest.mark.parametrize("family", ["impasto", "stained-glass"])
def test_a_work_is_the_same_in_another_process(family: str) -> None:
    code = (
        "import hashlib; from evaluator.demo.painting.families import render; "
        f"print(hashlib.sha256(render({family!r}, 1).tobytes()).hexdigest())"
    )
    root = Path(builder.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "7"}
    other = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == hashlib.sha256(render(family, 1).tobytes()).hexdigest()


def test_a_cached_dataset_is_used_again(
    built: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "build_demo", None)
    assert demo_dataset("public", tmp_path) == built


def test_a_damaged_cache_is_built_again(built: Dataset, tmp_path: Path) -> None:
    picture = built.content.pictures[0].path
    picture.write_bytes(built.content.pictures[1].path.read_bytes())
    assert demo_dataset("public", tmp_path).digest == built.digest


def test_a_new_recipe_is_built_beside_the_old(
    built: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "RECIPE", builder.RECIPE + 1)
    renewed = demo_dataset("public", tmp_path)
    assert renewed.root != built.root
    assert renewed.version != built.version


def test_the_cache_lies_where_the_environment_says(
    built: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(built.root, tmp_path / "mine" / "datasets" / built.root.name)
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path / "mine"))
    assert demo_dataset("public").root.is_relative_to(tmp_path / "mine")


def test_nothing_is_left_when_a_build_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(builder, "paint_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        demo_dataset("public", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_building_into_a_full_folder_is_refused(built: Dataset) -> None:
    with pytest.raises(OrganiserError) as caught:
        build_demo("public", built.root)
    assert caught.value.code == "dataset.exists"


def test_a_folder_that_cannot_be_made_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OrganiserError, match="name another folder") as caught:
        build_demo("public", tmp_path / "file" / "demo")
    assert caught.value.code == "dataset.unwritable"


def test_a_cache_that_cannot_be_made_is_named_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(PlatformFault, match="STYLEARENA_CACHE_DIR") as caught:
        demo_dataset("public")
    assert caught.value.code == "demo.unwritable"


def test_the_demo_can_be_listed_without_heavy_imports() -> None:
    code = (
        "import sys, evaluator.demo; "
        "print([m for m in ('torch', 'scipy', 'skimage') if m in sys.modules])"
    )
    root = Path(builder.__file__).parents[2]
    listed = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert listed.stdout.strip() == "[]"


@pytest.mark.slow
def test_real_splits_share_no_picture_and_paint_the_same_twice(tmp_path: Path) -> None:
    public, heldout = demo_dataset("public"), demo_dataset("heldout")  # painted once before
    pictures = [
        {picture.sha256 for part in (each.content, each.style, each.reference) for picture in part}
        for each in (public, heldout)
    ]
    assert [len(each) for each in pictures] == [84, 96]
    assert pictures[0].isdisjoint(pictures[1])
    told: list[tuple[int, int]] = []
    build_demo("public", tmp_path / "again", lambda done, total: told.append((done, total)))
    assert load_dataset(tmp_path / "again").digest == public.digest
    assert told[-1] == (84, 84)
