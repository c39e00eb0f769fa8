"""``entry.toml``: the good forms are read, the bad ones are refused with what to write instead."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.entry import manifest, open_entry
from evaluator.entry.manifest import Manifest, parse_manifest, read_manifest
from evaluator.errors import ParticipantError
from tests.entries.making import archive, good_members, model, save

GOOD = {"name": "My method", "runtime": "onnx"}


def refusal(**values: object) -> ParticipantError:
    with pytest.raises(ParticipantError) as caught:
        parse_manifest(GOOD | values)
    return caught.value


def test_an_onnx_manifest_needs_a_name_and_a_runtime() -> None:
    assert parse_manifest(GOOD) == Manifest("My method", "onnx", model="model.onnx")


def test_every_key_is_read() -> None:
    texts = {key: f"some {key}" for key in ("licence", "authors", "paper", "code", "training")}
    values = GOOD | texts | {"runtime": "python", "entry": "a.b:load", "styles": ["one", "two-2"]}

    read = parse_manifest(values)

    assert (read.entry, read.model, read.styles) == ("a.b:load", None, ("one", "two-2"))
    assert read.authors == "some authors"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"name": ""}, "name"),
        ({"name": 7}, "type"),
        ({"name": "x" * 81}, "length"),
        ({"name": "a\u202eb"}, "characters"),
        ({"name": "a\nb"}, "characters"),
        ({"runtime": "torchscript"}, "runtime"),
        ({"runtime": ["onnx"]}, "runtime"),
        ({"model": "/etc/model.onnx"}, "path"),
        ({"model": "../model.onnx"}, "path"),
        ({"model": "C:model.onnx"}, "path"),
        ({"model": "model.pt"}, "path"),
        ({"entry": "stylize:load"}, "entry"),
        ({"runtime": "python"}, "entry"),
        ({"runtime": "python", "entry": "stylize.load"}, "entry"),
        ({"runtime": "python", "entry": "../x:load"}, "entry"),
        ({"runtime": "python", "entry": "a:b", "model": "m.onnx"}, "model"),
        ({"styles": "starry-night"}, "type"),
        ({"styles": ["a", "a"]}, "styles"),
        ({"styles": ["../a"]}, "styles"),
        ({"authors": ["A", "B"]}, "type"),
        ({"colour": "red"}, "unknown_key"),
    ],
)
def test_a_bad_value_has_its_own_refusal(values: dict[str, object], code: str) -> None:
    assert refusal(**values).code == f"entry.manifest.{code}"


def test_a_misspelt_key_is_recognised() -> None:
    assert "did you mean licence?" in str(refusal(license="MIT"))


def test_training_may_have_several_lines() -> None:
    assert parse_manifest(GOOD | {"training": "one\ntwo"}).training == "one\ntwo"


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe", b"name = ", b"[" * 5000, b"#" * (17 << 10), b"x = " + b"9" * 5000]
)
def test_an_unreadable_manifest_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "entry.toml").write_bytes(raw)

    with pytest.raises(ParticipantError, match=r"entry\.toml"):
        read_manifest(tmp_path / "entry.toml")


@pytest.mark.parametrize(
    "raw",
    [
        "a." * 8000 + "a = 1",
        "[" + "a." * 8000 + "a]",
        '"a b" . ' * 2000 + "a = 1",
        "x = {" + "a." * 8000 + "a = 1}",
        'x = """a"""" #" """\n' + "a." * 7000 + 'a = 1\n#"""',
        "x = '''a'''' #' '''\n" + "a." * 7000 + "a = 1\n#'''",
    ],
)
def test_a_key_of_very_many_parts_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: str
) -> None:
    monkeypatch.setattr(manifest.tomllib, "loads", lambda _: pytest.fail("it was parsed"))
    (tmp_path / "entry.toml").write_text(raw)

    with pytest.raises(ParticipantError, match="very many parts") as caught:
        read_manifest(tmp_path / "entry.toml")
    assert caught.value.code == "entry.manifest.syntax"


@pytest.mark.parametrize(
    "value",
    ['"a.b" # ' + "." * 90, "'" + "." * 90 + "'", '"\\"' + "." * 90 + '"', f'"""\n{"." * 90}\n"""'],
)
def test_a_text_may_hold_any_number_of_dots(tmp_path: Path, value: str) -> None:
    (tmp_path / "entry.toml").write_text(f'name = "x"\nruntime = "onnx"\ntraining = {value}\n')

    assert "." in read_manifest(tmp_path / "entry.toml").training


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.text(), st.integers(), st.none())))
def test_any_table_is_read_or_refused(values: dict[str, object]) -> None:
    code = "entry.manifest.accepted"
    try:
        parse_manifest(GOOD | values)
    except ParticipantError as error:
        code = error.code
    assert code.startswith("entry.manifest.")


def test_an_archive_may_wrap_everything_in_one_folder(tmp_path: Path) -> None:
    path = archive(tmp_path, [(f"method/{name}", data) for name, data in good_members()])

    entry = open_entry(path, tmp_path / "out")

    assert entry.root == tmp_path / "out/method"


def test_a_bare_model_is_named_after_its_file(tmp_path: Path) -> None:
    path = save(model(), tmp_path).rename(tmp_path / "My method.onnx")

    entry = open_entry(path, tmp_path / "out")

    assert entry.manifest == Manifest("My method", "onnx", model="model.onnx")


def test_the_styles_of_an_entry_are_in_what_reports_say_of_it(tmp_path: Path) -> None:
    members = dict(good_members())
    members["entry.toml"] += b'styles = ["rain"]\n'

    assert open_entry(archive(tmp_path, members.items()), tmp_path / "out").info().styles == (
        "rain",
    )


def test_the_digest_is_that_of_the_file_handed_in(tmp_path: Path) -> None:
    import hashlib

    path = save(model(), tmp_path)

    entry = open_entry(path, tmp_path / "out")

    assert entry.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert entry.info().digest == entry.digest
