"""The ladder: each rung holds what it promises with real entries; going down it is said loudly."""

import ctypes
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from evaluator.entry import Entry, open_entry
from evaluator.errors import PlatformFault
from evaluator.sandbox import Box, Limits, Rung, rungs
from evaluator.sandbox.bubblewrap import bubblewrap_command
from evaluator.sandbox.policy import box_places, box_policy
from evaluator.sandbox.runtime import runtime_for
from tests.entries.making import model, save
from tests.evaluator.rungs_here import needs, reason_here
from tests.evaluator.test_sandbox import named, python_entry, wait_for

LIMITS = Limits(memory_bytes=1 << 30, start_seconds=45, pair_seconds=20)


@pytest.fixture
def identity(tmp_path: Path) -> Entry:
    return open_entry(save(model(), tmp_path), tmp_path / "identity")


@pytest.fixture
def no_bubblewrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A PATH with everything that we use but bwrap."""
    (tmp_path / "bin").mkdir()
    for tool in ("unshare", "setpriv"):
        if path := shutil.which(tool):
            (tmp_path / "bin" / tool).symlink_to(path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    rungs.best_rung.cache_clear()
    yield
    rungs.best_rung.cache_clear()


@pytest.mark.parametrize("rung", list(Rung))
def test_an_entry_gives_the_same_pixels_at_every_rung(identity: Entry, rung: Rung) -> None:
    needs(rung)
    sent = np.random.default_rng(1).integers(0, 256, (1, 40, 50, 3), dtype=np.uint8)

    with Box(identity, limits=LIMITS, rung=rung) as box:
        assert (box.stylize(sent, sent).pixels == sent).all()


JUDGE = """
import sys, time
from pathlib import Path
from evaluator.entry import open_entry
from evaluator.sandbox import Box, Rung
entry = open_entry(Path(sys.argv[1]), Path(sys.argv[2]))
try:
    Box(entry, rung=Rung(sys.argv[3])).__enter__()
finally:
    print("never", flush=True)
"""
HANGS = """
import ctypes
import time


def load(device):
    ctypes.CDLL(None).prctl(15, b"{name}", 0, 0, 0)
    time.sleep(600)
"""


@pytest.mark.parametrize(
    "rung",
    [
        Rung.BUBBLEWRAP,
        Rung.UNSHARE,
        pytest.param(Rung.LANDLOCK, marks=pytest.mark.slow),
        pytest.param(Rung.PROCESS, marks=pytest.mark.slow),
    ],
)
def test_a_box_dies_with_a_judge_that_is_killed(tmp_path: Path, rung: Rung) -> None:
    needs(rung)
    name = f"sa-{secrets.token_hex(4)}"
    python_entry(tmp_path, HANGS.format(name=name))
    command = [sys.executable, "-c", JUDGE, tmp_path / "python.zip", tmp_path / "out", rung]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as judge:
        assert wait_for(name)
        judge.kill()
    deadline = time.monotonic() + 5
    while list(named(name)) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert list(named(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("rung", [Rung.UNSHARE, Rung.LANDLOCK, Rung.PROCESS])
def test_a_torch_entry_runs_at_the_lower_rungs(tmp_path: Path, rung: Rung) -> None:
    needs(rung)
    entry = python_entry(tmp_path, "def load(device):\n    return lambda c, s: 1 - c\n")
    sent = np.random.default_rng(1).integers(0, 256, (1, 40, 50, 3), dtype=np.uint8)

    with Box(entry, limits=Limits(), rung=rung) as box:
        assert (box.stylize(sent, sent).pixels == 255 - sent).all()


NAMESPACES = {
    Rung.BUBBLEWRAP: ("bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"),
    Rung.UNSHARE: ("unshare", "--user", "--mount", "--pid", "--net", "--ipc", "--fork", "true"),
}


def works(command: tuple[str, ...]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("rung", [Rung.BUBBLEWRAP, Rung.UNSHARE])
def test_a_rung_holds_wherever_the_machine_allows_its_namespaces(rung: Rung) -> None:
    if not works(NAMESPACES[rung]):
        pytest.skip(f"{' '.join(NAMESPACES[rung])} does not work on this machine")

    assert rungs.why_not(rung) == ""


def test_landlock_holds_wherever_the_kernel_has_it() -> None:
    create_ruleset, version = 444, 1
    if ctypes.CDLL(None).syscall(create_ruleset, None, 0, version) < 1:
        pytest.skip("this kernel has no Landlock")

    assert rungs.why_not(Rung.LANDLOCK) == ""


def test_the_last_rung_holds_everywhere() -> None:
    assert rungs.why_not(Rung.PROCESS) == ""


def test_the_probe_gets_out_of_a_plain_process() -> None:
    findings = rungs._probe(Rung.PROCESS)

    assert {"reads", "writes", "signals", "tcp", "udp", "privileges"} <= rungs._leaks(findings)


def test_bubblewrap_is_the_best_and_has_no_warning() -> None:
    needs(Rung.BUBBLEWRAP)
    rungs.best_rung.cache_clear()

    report = rungs.best_rung()

    assert (report.rung, report.warning, dict(report.refused)) == (Rung.BUBBLEWRAP, "", {})


@pytest.mark.usefixtures("no_bubblewrap")
def test_without_bubblewrap_the_next_rung_is_taken_and_said_loudly() -> None:
    lower = [rung for rung in Rung if rung is not Rung.BUBBLEWRAP]
    next_rung = next(rung for rung in lower if not reason_here(rung))

    report = rungs.best_rung()

    assert (report.rung, report.warning) == (next_rung, rungs._WARNINGS[next_rung])
    assert "bwrap is not installed" in report.refused[Rung.BUBBLEWRAP]


@pytest.mark.usefixtures("no_bubblewrap")
def test_without_bubblewrap_production_workers_refuse() -> None:
    with pytest.raises(PlatformFault, match="apt install bubblewrap") as caught:
        rungs.require_confinement()

    assert caught.value.code == "sandbox.unavailable"


@pytest.mark.parametrize(
    ("leak", "rung", "holds"),
    [
        ({"uid": 0}, Rung.BUBBLEWRAP, False),
        ({"writes": ["/"]}, Rung.BUBBLEWRAP, False),
        ({"reads": ["/root"]}, Rung.UNSHARE, False),
        ({"environment": ["SECRET_KEY"]}, Rung.PROCESS, False),
        ({"namespaces": True}, Rung.BUBBLEWRAP, False),
        ({"privileges": True}, Rung.BUBBLEWRAP, False),
        ({"udp": True}, Rung.BUBBLEWRAP, False),
        ({"scratch": False}, Rung.BUBBLEWRAP, False),
        ({"udp": True}, Rung.LANDLOCK, True),
        ({"reads": ["/root"]}, Rung.LANDLOCK, False),
        ({"reads": ["/root"]}, Rung.PROCESS, True),
    ],
)
def test_a_rung_that_breaks_a_promise_is_refused(
    monkeypatch: pytest.MonkeyPatch, leak: dict[str, object], rung: Rung, holds: bool
) -> None:
    perfect = {"uid": 65534, "environment": [], "reads": [], "writes": [], "scratch": True}
    perfect |= dict.fromkeys(("signals", "tcp", "udp", "privileges", "namespaces"), False)
    monkeypatch.setattr(rungs, "_probe", lambda _: perfect | leak)

    assert (rungs.why_not(rung) == "") is holds


def test_every_lower_rung_has_a_warning() -> None:
    assert all(rungs._WARNINGS[rung] for rung in Rung if rung is not Rung.BUBBLEWRAP)


def test_the_runtime_of_entries_holds_nothing_of_the_judge() -> None:
    names = {path.name for path in runtime_for("python").packages}

    assert {"numpy", "torch", "torchvision", "PIL", "scipy", "safetensors"} <= names
    assert not names & {"django", "celery", "evaluator", "psutil", "pip", "setuptools"}


def test_the_policy_binds_no_more_than_libraries_python_and_the_entry(tmp_path: Path) -> None:
    policy = box_policy(
        runtime_for("onnx"),
        box_places(),
        program=tmp_path / "runner.py",
        job={},
        entry=tmp_path,
        folder=tmp_path,
        limits=Limits(),
        device="cpu",
    )
    targets = {bind.target for bind in policy.binds}

    assert not any(t.startswith(("/etc", "/home", "/root", "/sys", "/var")) for t in targets)
    assert {t for t in targets if t.startswith("/proc")} == {"/proc/cpuinfo"}
    assert bubblewrap_command("bwrap", policy).count("--bind") == 0


def test_the_sandbox_is_imported_without_torch_or_onnxruntime() -> None:
    script = (
        "import sys, evaluator.sandbox, evaluator.sandbox.rungs, evaluator.entry\n"
        "sys.exit(' '.join({'torch', 'onnxruntime', 'onnx', 'scipy'} & sys.modules.keys()) or None)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_of_a_mixed_fleet_the_weakest_rung_counts_and_is_said() -> None:
    found = rungs.weakest([Rung.BUBBLEWRAP, Rung.LANDLOCK, Rung.UNSHARE, Rung.BUBBLEWRAP])

    assert found is Rung.LANDLOCK
    assert "Landlock" in rungs.warning_of(found)
    assert rungs.warning_of(Rung.BUBBLEWRAP) == ""
