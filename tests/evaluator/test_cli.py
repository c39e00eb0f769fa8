"""The command line: exit codes, one sentence for each refusal, and nothing left running."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from evaluator import cli
from evaluator.commands.compare import verdict
from evaluator.datasets import Dataset
from evaluator.fingerprint import fingerprint
from evaluator.intervals import Difference
from evaluator.report import Report
from tests.evaluator.tiny import (
    blend,
    half_size,
    identity,
    python_entry,
    report_of,
    small_protocol,
    tiny_dataset,
)

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    "check",
    "evaluate",
    "score",
    "compare",
    "metrics",
    "dataset",
    "weights",
    "protocols",
    "protocol",
    "doctor",
)


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Answer]


@pytest.fixture(scope="module", autouse=True)
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    small_protocol()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("COLUMNS", "200")
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("cli") / "tiny")


@pytest.fixture
def stylearena(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    """Runs the command line in this process, from an empty folder."""
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["stylearena", *map(str, arguments)])
        try:
            with pytest.raises(SystemExit) as end:
                cli.main()
        finally:
            signal.signal(signal.SIGTERM, before)
        printed = capsys.readouterr()
        code = end.value.code
        return Answer(code if isinstance(code, int) else 0, printed.out, printed.err)

    return run


@pytest.fixture
def two_reports(dataset: Dataset, tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "a.json", tmp_path / "b.json"
    for seed, path in enumerate(paths):
        report_of(dataset, seed=seed, name=f"Method {'AB'[seed]}").save(path)
    return paths


def last_line(text: str) -> str:
    return text.rstrip().splitlines()[-1]


def refused(answer: Answer, words: str) -> None:
    """Exit code 2, nothing on stdout, and one sentence with ``words`` on stderr."""
    assert answer.code == 2
    assert answer.out == ""
    assert "Traceback" not in answer.err
    sentence = last_line(answer.err)
    assert sentence.startswith("error: ")
    assert words in sentence


# ---- help


def test_bare_call_shows_every_command(stylearena: Command) -> None:
    answer = stylearena()

    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", answer.out)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(stylearena: Command, command: str) -> None:
    answer = stylearena(command, "--help")

    assert answer.code == 0
    assert f"stylearena {command}" in answer.out


def test_the_package_is_the_command_too() -> None:
    command = [sys.executable, "-m", "evaluator", "protocols"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "standard-1" in done.stdout


def test_version_is_shown(stylearena: Command) -> None:
    assert stylearena("--version").out.startswith("stylearena 0.")


# ---- evaluate


def test_evaluate_prints_the_table_and_writes_the_results(
    stylearena: Command, dataset: Dataset, tmp_path: Path
) -> None:
    identity(tmp_path / "same.onnx")

    answer = stylearena("evaluate", "same.onnx", "--dataset", dataset.root, "--protocol", "small")

    report = Report.load(tmp_path / "stylearena-same" / "report.json")
    assert answer.code == 0
    assert re.search(r"Content loss +0 ", answer.out)
    assert "FID needs at least 8 pairs" in answer.out
    assert report.provenance.dataset_digest[:12] in answer.out
    assert (tmp_path / "stylearena-same" / "report.html").is_file()


def test_json_is_all_that_is_printed(stylearena: Command, dataset: Dataset, tmp_path: Path) -> None:
    blend(tmp_path / "half.onnx", 0.5)

    answer = stylearena(
        "evaluate", "half.onnx", "--dataset", dataset.root, "--protocol", "small",
        "--out", "results", "--json",
    )  # fmt: skip

    assert Report.model_validate_json(answer.out) == Report.load(
        tmp_path / "results" / "report.json"
    )


def test_a_weak_sandbox_is_announced_loudly(
    stylearena: Command, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evaluator.sandbox import rungs

    weak = rungs.RungReport(rungs.Rung.PROCESS, "NO SANDBOX: judge only what you trust.", {})
    monkeypatch.setattr(rungs, "best_rung", lambda _kind="onnx": weak)
    identity(tmp_path / "same.onnx")

    answer = stylearena("evaluate", "same.onnx", "--dataset", dataset.root, "--protocol", "small")

    assert "NO SANDBOX: judge only what you trust." in answer.err
    assert "NO SANDBOX: judge only what you trust." in answer.out
    assert "sandbox process" in answer.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.onnx"], "missing.onnx"),
        (["notes.zip"], "zip"),
        (["same.onnx", "--protocol", "no-such-1"], "untrained-1"),
        (["same.onnx", "--device", "abacus"], "choose cpu or cuda"),
        (["same.onnx", "--dataset", "empty"], "dataset.toml"),
        (["same.onnx", "--dataset", "nowhere"], "nowhere"),
        (["same.onnx", "--out", "notes.zip/out"], "cannot be written"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_gets_one_sentence(
    stylearena: Command, tmp_path: Path, arguments: list[str], words: str
) -> None:
    identity(tmp_path / "same.onnx")
    (tmp_path / "notes.zip").write_text("not an archive")
    (tmp_path / "empty").mkdir()

    refused(stylearena("evaluate", *arguments), words)


def test_cuda_without_a_gpu_is_refused(stylearena: Command, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    identity(tmp_path / "same.onnx")

    refused(stylearena("evaluate", "same.onnx", "--device", "cuda"), "use cpu instead")


def test_an_entry_that_fails_in_its_box_gets_one_sentence(
    stylearena: Command, dataset: Dataset, tmp_path: Path
) -> None:
    half_size(tmp_path / "half-size.onnx")

    answer = stylearena(
        "evaluate", "half-size.onnx", "--dataset", dataset.root, "--protocol", "small"
    )

    refused(answer, "")
    assert not (tmp_path / "stylearena-half-size" / "report.json").exists()


def test_a_sentence_cannot_steer_the_terminal(stylearena: Command) -> None:
    answer = stylearena("evaluate", "red\x1b[31m.onnx")

    assert answer.code == 2
    assert "\x1b" not in answer.err


_SLOW = "import time\ntime.sleep(50)\ndef load(device): ...\n"  # it may take 60 s


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "terminated"]
)
def test_an_interrupted_run_ends_every_process(
    dataset: Dataset, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    python_entry(tmp_path / "slow.zip", _SLOW)
    run = subprocess.Popen(
        [sys.executable, "-m", "evaluator.cli", "evaluate", str(tmp_path / "slow.zip"),
         "--dataset", str(dataset.root), "--out", str(tmp_path / "out")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_interrupts,
    )  # fmt: skip
    try:
        started = _wait_for_box(run)
        run.send_signal(sent)
        _, said = run.communicate(timeout=90)
    finally:
        run.kill()

    assert run.returncode == code, said
    assert "Traceback" not in said
    assert [child for child in started if _lives(child)] == []
    assert not (tmp_path / "out").exists()


def _lives(process: psutil.Process) -> bool:
    """Not so what has ended and only waits for init to take notice."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _heed_interrupts() -> None:
    """A shell starts what runs in its background deaf to SIGINT, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _wait_for_box(run: subprocess.Popen[str]) -> list[psutil.Process]:
    """The children of a run once its box runs the entry.

    The probe's box may live as long on a busy machine, but is not told what of an entry to load.
    """
    process = psutil.Process(run.pid)
    seen: list[list[psutil.Process]] = [[]]
    deadline, alike = time.monotonic() + 120, 0
    while time.monotonic() < deadline and run.poll() is None:
        children = process.children(recursive=True)
        is_box = any(_is_told_to_load(child) for child in children)
        alike = alike + 1 if is_box and children == seen[-1] else 0
        if alike >= 8:
            return children
        seen.append(children)
        time.sleep(0.1)
    run.kill()
    pytest.fail(f"the box did not start: {run.communicate()}, {len(seen)} times: {seen[-20:]}")


def _is_told_to_load(process: psutil.Process) -> bool:
    try:
        return any("tiny_method:load" in argument for argument in process.cmdline())
    except psutil.Error:
        return False


# ---- compare


def test_compare_shows_both_and_the_better_one(
    stylearena: Command, two_reports: tuple[Path, Path]
) -> None:
    answer = stylearena("compare", *two_reports)

    assert answer.code == 0
    assert "Method A" in answer.out
    assert "Method B" in answer.out
    assert re.search(r"Total loss .*(A|B|tie) *\n", answer.out)


def test_a_report_ties_with_itself(stylearena: Command, two_reports: tuple[Path, Path]) -> None:
    answer = stylearena("compare", two_reports[0], two_reports[0], "--json")

    assert {found["better"] for found in json.loads(answer.out).values()} == {"tie"}


def test_reports_of_different_provenance_are_not_compared(
    stylearena: Command, two_reports: tuple[Path, Path]
) -> None:
    report = Report.load(two_reports[1])
    other = report.provenance.model_copy(update={"dataset_digest": "0" * 64})
    report.model_copy(update={"provenance": other}).save(two_reports[1])

    refused(stylearena("compare", *two_reports), "dataset digest")


def test_comparing_what_is_no_report_is_refused(stylearena: Command, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")

    refused(stylearena("compare", "a.json", "b.json"), "a.json is not a report")


@pytest.mark.parametrize(
    ("low", "high", "better"),
    [(-2.0, -1.0, "A"), (1.0, 2.0, "B"), (-1.0, 1.0, "tie"), (None, None, "tie")],
)
def test_the_lower_total_loss_wins_unless_the_interval_holds_zero(
    low: float | None, high: float | None, better: str
) -> None:
    middle = 0.0 if low is None or high is None else (low + high) / 2

    assert verdict(Difference("total_loss", middle, low, high)) == better


# ---- protocols and doctor


def test_a_protocol_is_printed_as_toml(stylearena: Command) -> None:
    import tomllib

    from evaluator.protocols import protocol

    answer = stylearena("protocol", "show", "untrained-1")

    assert tomllib.loads(answer.out)["name"] == "untrained-1"
    assert protocol("untrained-1").digest() in answer.out


def test_an_unknown_protocol_is_refused(stylearena: Command) -> None:
    refused(stylearena("protocol", "show", "no-such-1"), "known are")


def test_protocols_lists_them_with_their_notices(stylearena: Command) -> None:
    answer = stylearena("protocols")

    assert "compact-1 (default)" in answer.out
    assert "not comparable with published numbers" in answer.out


def test_doctor_tells_versions_sandbox_weights_and_the_same_fingerprint_each_time(
    stylearena: Command,
) -> None:
    found = json.loads(stylearena("doctor", "--json").out)

    assert found["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["sandbox"]["rung"] in {"bubblewrap", "unshare", "landlock", "process"}
    assert found["weights"]["seeded-vgg19-quarter"] == "seeded"
    assert found["fingerprint"]["digest"] == fingerprint().digest
