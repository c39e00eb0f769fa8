"""Unpacking entries: what is let through arrives as it was, and every bound bites by itself."""

import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator.entry.archive import ArchiveLimits, unpack
from evaluator.errors import ParticipantError


def zipped(folder: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    path = folder / "entry.zip"
    with zipfile.ZipFile(path, "w", method) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return path


def refusal(archive: Path, into: Path, limits: ArchiveLimits | None = None) -> str:
    with pytest.raises(ParticipantError) as caught:
        unpack(archive, into, limits)
    return caught.value.code


def test_files_arrive_with_their_content_and_plain_modes(tmp_path: Path) -> None:
    executable = zipfile.ZipInfo("bin/tool")
    executable.external_attr = (stat.S_IFREG | 0o6777) << 16
    path = zipped(tmp_path, {"entry.toml": b"name", "weights/a.bin": bytes(range(256))})
    with zipfile.ZipFile(path, "a") as made:
        made.writestr(executable, b"run me")

    unpack(path, tmp_path / "out")

    assert (tmp_path / "out/weights/a.bin").read_bytes() == bytes(range(256))
    assert stat.S_IMODE((tmp_path / "out/bin/tool").stat().st_mode) == 0o644


def test_a_bare_model_is_copied_under_a_fixed_name(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"model")

    unpack(tmp_path / "x.onnx", tmp_path / "out")

    assert (tmp_path / "out/model.onnx").read_bytes() == b"model"


def test_what_a_mac_adds_is_left_out(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a/b": b"1", "__MACOSX/a/._b": b"2", "a/.DS_Store": b"3"})

    unpack(path, tmp_path / "out")

    assert [f.name for f in (tmp_path / "out").rglob("*")] == ["a", "b"]


def test_unpacking_into_a_used_folder_is_our_mistake(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").touch()

    with pytest.raises(FileExistsError):
        unpack(zipped(tmp_path, {"a": b""}), tmp_path / "out")


def test_a_file_that_is_also_something_else_is_refused(tmp_path: Path) -> None:
    """zipfile would read it: a page with an archive behind it."""
    archive = tmp_path / "entry.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("entry.toml", "")
    archive.write_bytes(b"<html><script>alert(1)</script>" + archive.read_bytes())
    assert zipfile.is_zipfile(archive)
    with pytest.raises(ParticipantError) as caught:
        unpack(archive, tmp_path / "into")
    assert caught.value.code == "entry.archive.corrupt"


def test_the_size_handed_in_is_bounded(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a": bytes(2000)})

    assert refusal(path, tmp_path / "o", ArchiveLimits(archive_bytes=1000)) == (
        "entry.archive.too_large"
    )


def test_the_size_unpacked_is_bounded_over_all_files(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a": bytes(600), "b": bytes(600)})

    assert refusal(path, tmp_path / "o", ArchiveLimits(unpacked_bytes=1000)) == (
        "entry.archive.unpacked_too_large"
    )


def test_the_number_of_files_is_bounded(tmp_path: Path) -> None:
    path = zipped(tmp_path, {str(number): b"" for number in range(4)})

    unpack(path, tmp_path / "fits", ArchiveLimits(files=4))
    assert refusal(path, tmp_path / "o", ArchiveLimits(files=3)) == "entry.archive.too_many_files"


def test_a_huge_directory_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path, {str(number): b"" for number in range(100)})

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("zipfile was asked")

    monkeypatch.setattr(zipfile, "ZipFile", opened)
    assert refusal(path, tmp_path / "o", ArchiveLimits(files=10)) == "entry.archive.too_many_files"


def test_the_compression_ratio_is_bounded(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a": bytes(4 << 20)}, zipfile.ZIP_DEFLATED)

    unpack(path, tmp_path / "fits", ArchiveLimits(ratio=2000))
    assert refusal(path, tmp_path / "o", ArchiveLimits(ratio=100)) == "entry.archive.ratio"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_methods_are_refused(tmp_path: Path, method: int) -> None:
    assert refusal(zipped(tmp_path, {"a": b"1"}, method), tmp_path / "o") == "entry.archive.method"


def test_a_file_where_a_folder_is_needed_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a": b"1", "a/b": b"2"})

    assert refusal(path, tmp_path / "out") == "entry.archive.duplicate"


def test_a_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    with pytest.raises(ParticipantError) as caught:
        unpack(zipped(tmp_path, {"\x1b[2Jx": b""}), tmp_path / "out")

    assert caught.value.code == "entry.archive.name"
    assert "\x1b" not in str(caught.value)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_damaged_archive_is_refused_or_stays_inside(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = zipped(folder, {"entry.toml": b"name = 'x'", "a/b.bin": bytes(300)}, 8)
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)

    code = "entry.archive.accepted"
    try:
        unpack(path, folder / "deep/out")
    except ParticipantError as error:
        code = error.code
    assert code.startswith("entry.archive.")
    inside = [f for f in folder.rglob("*") if f.is_file() and f != path]
    assert all(f.is_relative_to(folder / "deep/out") and not f.is_symlink() for f in inside)
