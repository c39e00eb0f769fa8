"""Dataset folders: what is read, what identifies them, and the sentence each fault gets."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from evaluator.dataset_folder import Description, read_description, scan, write_description
from evaluator.datasets import Pair, check_pictures, load_dataset, load_image_set
from evaluator.errors import OrganiserError
from evaluator.images import PicturePolicy, encode_png
from tests.evaluator.nobody import as_nobody

CONTENTS = ("boat", "cat", "dune")
STYLES = {"woodcut": ("ukiyo-1", "ukiyo-2"), "oil": ("oil-1",)}


def put(path: Path, shade: int, side: int = 64) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(np.full((side, side, 3), shade, dtype=np.uint8)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    for shade, name in enumerate(CONTENTS):
        put(root / "content" / f"{name}.png", shade)
    for family, names in STYLES.items():
        for shade, name in enumerate(names):
            put(root / "style" / family / f"{name}.png", 100 + shade)
    (root / "dataset.toml").write_text('name = "tiny"\nversion = "1"\nlicence = "CC0-1.0"\n')
    return root


def refusal(root: Path) -> OrganiserError:
    with pytest.raises(OrganiserError) as caught:
        load_dataset(root)
    return caught.value


def test_all_contents_are_paired_with_all_styles(folder: Path) -> None:
    dataset = load_dataset(folder)
    assert len(dataset.pairs) == 9
    assert dataset.pairs[0] == Pair("boat__oil-1", "boat", "oil-1")


def test_sub_folders_are_families(folder: Path) -> None:
    dataset = load_dataset(folder)
    assert dataset.families == ("oil", "woodcut")
    assert dataset.style.by_id("ukiyo-2").family == "woodcut"


def test_described_families_and_licences_win(folder: Path) -> None:
    with (folder / "dataset.toml").open("a") as file:
        file.write('[pictures]\ncat = "CC-BY-4.0"\n[families]\noil-1 = "pastel"\n')
    dataset = load_dataset(folder)
    assert dataset.content.by_id("cat").licence == "CC-BY-4.0"
    assert dataset.content.by_id("boat").licence == "CC0-1.0"
    assert dataset.style.by_id("oil-1").family == "pastel"


def test_the_style_set_is_the_reference_by_default(folder: Path) -> None:
    dataset = load_dataset(folder)
    assert dataset.reference == dataset.style


def test_a_reference_folder_is_the_reference(folder: Path) -> None:
    put(folder / "reference" / "oil" / "oil-9.png", 9)
    assert [picture.id for picture in load_dataset(folder).reference] == ["oil-9"]


def test_pairs_file_chooses_the_pairs(folder: Path) -> None:
    (folder / "pairs.csv").write_text("content,style\ncat,oil-1\nboat,ukiyo-1\n\n")
    assert [pair.id for pair in load_dataset(folder).pairs] == ["boat__ukiyo-1", "cat__oil-1"]


def test_by_id_refuses_an_unknown_id(folder: Path) -> None:
    with pytest.raises(KeyError):
        load_dataset(folder).content.by_id("cats")


def test_digest_does_not_depend_on_where_the_folder_lies(folder: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    assert load_dataset(moved).digest == load_dataset(folder).digest


def test_digest_does_not_depend_on_the_order_of_pairs(folder: Path) -> None:
    (folder / "pairs.csv").write_text("content,style\ncat,oil-1\nboat,oil-1\n")
    first = load_dataset(folder).digest
    (folder / "pairs.csv").write_text("content,style\nboat,oil-1\ncat,oil-1\n")
    assert load_dataset(folder).digest == first


@pytest.mark.parametrize("change", ["pixels", "version", "family", "pairs", "reference", "id"])
def test_digest_changes_with(change: str, folder: Path) -> None:
    before = load_dataset(folder).digest
    if change == "pixels":
        put(folder / "content" / "cat.png", 77)
    elif change == "version":
        (folder / "dataset.toml").write_text('name = "tiny"\nversion = "2"\n')
    elif change == "family":
        (folder / "style" / "oil").rename(folder / "style" / "acrylic")
    elif change == "pairs":
        (folder / "pairs.csv").write_text("content,style\ncat,oil-1\n")
    elif change == "reference":
        put(folder / "reference" / "oil-9.png", 9)
    else:
        (folder / "content" / "cat.png").rename(folder / "content" / "kitten.png")
    assert load_dataset(folder).digest != before


def test_smoke_pairs_differ_in_content_and_style(folder: Path) -> None:
    one, two = load_dataset(folder).smoke_pairs()
    assert one.content != two.content
    assert one.style != two.style


def test_smoke_pairs_fill_up_when_variety_runs_out(folder: Path) -> None:
    pairs = load_dataset(folder).smoke_pairs(5)
    assert len(set(pairs)) == 5


def test_image_set_of_a_plain_folder(folder: Path) -> None:
    pictures = load_image_set(folder / "content", "mine")
    assert [picture.id for picture in pictures] == list(CONTENTS)


def test_hidden_files_and_notes_are_passed_over(folder: Path) -> None:
    (folder / "content" / ".DS_Store").write_bytes(b"x")
    (folder / "content" / "README.md").write_text("pictures")
    assert len(load_dataset(folder).content) == 3


def test_description_survives_being_written_and_read(tmp_path: Path) -> None:
    description = Description("n", "1", 'Ti"tle\n\\é', "CC0", {"a b": "x"}, {"é": 'f"'})
    write_description(tmp_path, description)
    assert read_description(tmp_path) == description


def test_missing_folder_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nowhere")
    assert error.code == "dataset.missing"
    assert "nowhere" in str(error)


def test_missing_description_is_refused(folder: Path) -> None:
    (folder / "dataset.toml").unlink()
    assert refusal(folder).code == "dataset.missing"


@pytest.mark.parametrize(
    "text",
    ["name = ", 'name = "x"', 'name = 3\nversion = "1"', 'name="a"\nversion="1"\nfamilies=1'],
)
def test_faulty_description_is_refused(folder: Path, text: str) -> None:
    (folder / "dataset.toml").write_text(text)
    assert refusal(folder).code == "dataset.description"


def test_empty_set_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "style")
    (folder / "style" / "oil").mkdir(parents=True)
    assert refusal(folder).code == "dataset.empty_set"


def test_duplicate_ids_name_both_files(folder: Path) -> None:
    put(folder / "style" / "woodcut" / "oil-1.jpg", 3)
    error = refusal(folder)
    assert error.code == "dataset.duplicate_id"
    assert "style/oil/oil-1.png" in str(error)
    assert "style/woodcut/oil-1.jpg" in str(error)


@pytest.mark.parametrize("name", ["a__b.png", "_a.png", "a_.png", "a\nb.png", "<b>.png"])
def test_names_that_cannot_be_ids_are_refused(folder: Path, name: str) -> None:
    put(folder / "content" / name, 4)
    assert refusal(folder).code == "dataset.bad_name"


@pytest.mark.parametrize("name", ["a" * 101, "д" * 61])
def test_names_too_long_for_the_file_of_a_pair_are_refused(folder: Path, name: str) -> None:
    put(folder / "content" / f"{name}.png", 4)
    error = refusal(folder)
    assert error.code == "dataset.bad_name"
    assert "too long" in str(error)


def test_the_longest_names_make_a_pair_s_file(folder: Path) -> None:
    for place in ("content", "style"):
        put(folder / place / f"{'д' * 60}.png", 4)
    longest = max((pair.id for pair in load_dataset(folder).pairs), key=len)
    (folder / f"{longest}.png.part").touch()


def test_what_may_not_be_read_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        picture = Path(name, "set", "a.png")
        picture.parent.mkdir()
        put(picture, 4)
        picture.chmod(0)
        with as_nobody(), pytest.raises(OrganiserError, match=r"a\.png") as caught:
            scan(picture.parent, picture.parent)
    assert caught.value.code == "dataset.unreadable"


def test_files_of_unknown_kind_are_refused(folder: Path) -> None:
    (folder / "content" / "photo.heic").write_bytes(b"x")
    error = refusal(folder)
    assert error.code == "dataset.unknown_file"
    assert "photo.heic" in str(error)


def test_folders_two_levels_deep_are_refused(folder: Path) -> None:
    put(folder / "style" / "oil" / "deep" / "x.png", 4)
    assert refusal(folder).code == "dataset.unknown_file"


@pytest.mark.parametrize("place", ["content/link.png", "style/oil/link.png", "style/linked"])
def test_links_that_leave_the_folder_are_refused(folder: Path, tmp_path: Path, place: str) -> None:
    put(tmp_path / "outside" / "secret.png", 5)
    target = tmp_path / "outside"
    (folder / place).symlink_to(target / "secret.png" if place.endswith("png") else target)
    assert refusal(folder).code == "dataset.link"


def test_dangling_links_are_refused(folder: Path) -> None:
    (folder / "content" / "link.png").symlink_to(folder / "content" / "gone.png")
    assert refusal(folder).code == "dataset.link"


def test_links_within_the_folder_are_followed(folder: Path) -> None:
    (folder / "content" / "again.png").symlink_to(folder / "content" / "cat.png")
    assert len(load_dataset(folder).content) == 4


def test_pairs_naming_an_unknown_id_are_refused(folder: Path) -> None:
    (folder / "pairs.csv").write_text("content,style\ncat,oil-1\ncat,oil-7\n")
    error = refusal(folder)
    assert error.code == "dataset.unknown_picture"
    assert "line 3" in str(error)
    assert "oil-7" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "cat,oil-1\n",
        "content,style\n",
        "content,style\ncat\n",
        "content,style\n" + "cat,oil-1\n" * 2,
    ],
    ids=["no header", "no rows", "one cell", "repeated"],
)
def test_faulty_pairs_file_is_refused(folder: Path, text: str) -> None:
    (folder / "pairs.csv").write_text(text)
    assert refusal(folder).code == "dataset.pairs"


def test_description_of_an_unknown_picture_is_refused(folder: Path) -> None:
    with (folder / "dataset.toml").open("a") as file:
        file.write('[families]\nmonet = "oil"\n')
    error = refusal(folder)
    assert error.code == "dataset.unknown_picture"
    assert "monet" in str(error)


def test_check_pictures_names_the_damaged_file(folder: Path) -> None:
    (folder / "style" / "oil" / "oil-1.png").write_bytes(b"\x89PNG")
    with pytest.raises(OrganiserError, match=r"style/oil/oil-1\.png"):
        check_pictures(load_dataset(folder).style, PicturePolicy(), root=folder)


def test_check_pictures_refuses_mixed_native_sizes(folder: Path) -> None:
    put(folder / "content" / "cat.png", 1, side=80)
    with pytest.raises(OrganiserError) as caught:
        check_pictures(load_dataset(folder).content, PicturePolicy(size=None))
    assert caught.value.code == "picture.mixed_sizes"


def test_check_pictures_accepts_a_good_set(folder: Path) -> None:
    check_pictures(load_dataset(folder).content, PicturePolicy(size=None))
