"""The ladder: each rung holds what it promises with real entries; going down it is said loudly."""

import ctypes
import os
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
from evaluator.sandbox import Box, Limits, Rung, confined, rungs
from evaluator.sandbox.bubblewrap import bubblewrap_command
from evaluator.sandbox.policy import Policy, box_places, box_policy
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
@pytest.mark.parametrize("rung", [Rung.UNSHARE, Rung.PROCESS])
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
    promised = rungs._PROMISES[Rung.LANDLOCK] | {"signals"}

    assert promised - {"environment"} <= rungs._leaks(rungs._probe(Rung.PROCESS))


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


PERFECT = {**dict.fromkeys(rungs._LEAKS, False), "uid": 65534, "environment": [], "scratch": True}


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
        ({"system_calls": ["keyctl"]}, Rung.BUBBLEWRAP, False),
        ({"system_calls": ["keyctl"]}, Rung.LANDLOCK, False),
        ({"host_root": True}, Rung.BUBBLEWRAP, False),
        ({"host_root": True}, Rung.UNSHARE, True),
        ({"memory": True}, Rung.BUBBLEWRAP, True),
        ({"udp": True}, Rung.LANDLOCK, False),
        ({"signals": True}, Rung.LANDLOCK, True),
        ({"reads": ["/root"]}, Rung.LANDLOCK, False),
        ({"reads": ["/root"]}, Rung.PROCESS, True),
    ],
)
def test_a_rung_that_breaks_a_promise_is_refused(
    monkeypatch: pytest.MonkeyPatch, leak: dict[str, object], rung: Rung, holds: bool
) -> None:
    monkeypatch.setattr(rungs, "_probe", lambda _: PERFECT | leak)

    assert (rungs.why_not(rung) == "") is holds


def without(monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
    """Boxes whose bubblewrap is not given some of its options; what they take goes too."""
    whole = confined.bubblewrap_command

    def weaker(bwrap: str, policy: Policy, *, filter_file: int) -> list[str]:
        words = iter(whole(bwrap, policy, filter_file=filter_file))
        kept = []
        for word in words:
            if word in options:
                skipped = {"--remount-ro": 1, "--seccomp": 1, "--uid": 1, "--gid": 1}.get(word, 0)
                for _ in range(skipped):
                    next(words)
            else:
                kept.append(word)
        return kept

    monkeypatch.setattr(confined, "bubblewrap_command", weaker)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--remount-ro"], "the root or another folder is writable"),
        (["--seccomp"], "system calls are not filtered"),
        (["--unshare-net", "--seccomp"], "the network is reached by TCP"),
        (["--unshare-pid"], "the judge can be signalled"),
        (["--disable-userns", "--seccomp"], "user namespaces can be made"),
    ],
)
def test_a_box_that_lacks_a_part_is_refused_by_the_live_probe(
    monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    needs(Rung.BUBBLEWRAP)
    without(monkeypatch, *options)
    if "--unshare-pid" in options:  # another uid could not signal the judge either
        monkeypatch.setattr(confined, "claim_uid", lambda: None)

    assert said in rungs.why_not(Rung.BUBBLEWRAP)


def test_root_inside_is_refused_by_the_live_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    needs(Rung.BUBBLEWRAP)
    whole = confined.bubblewrap_command

    def as_root(bwrap: str, policy: Policy, *, filter_file: int) -> list[str]:
        command = whole(bwrap, policy, filter_file=filter_file)
        command[command.index("--uid") + 1] = "0"
        return command

    monkeypatch.setattr(confined, "bubblewrap_command", as_root)

    assert "the uid inside is root's" in rungs.why_not(Rung.BUBBLEWRAP)


@pytest.mark.skipif(os.geteuid() != 0, reason="only a judge that is root could give root away")
def test_root_outside_is_refused_by_the_live_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    needs(Rung.BUBBLEWRAP)
    monkeypatch.setattr(confined, "claim_uid", lambda: None)

    assert rungs.why_not(Rung.BUBBLEWRAP) == "the uid on the host is root's"


def test_without_a_memory_limit_production_workers_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs(Rung.BUBBLEWRAP)
    monkeypatch.setattr(confined, "make_cgroup", lambda limits: None)

    with pytest.raises(PlatformFault, match="no control group bounds the memory"):
        rungs.require_confinement()
    assert rungs.why_not(Rung.BUBBLEWRAP) == ""


def test_without_a_memory_limit_a_laptop_is_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rungs, "make_cgroup", lambda limits: None)
    rungs.best_rung.cache_clear()

    warning = rungs.best_rung().warning
    rungs.best_rung.cache_clear()

    assert "NO MEMORY LIMIT" in warning


def test_production_never_takes_a_plain_process() -> None:
    with pytest.raises(PlatformFault, match="confines nothing"):
        rungs.require_confinement(Rung.PROCESS)


def test_landlock_is_for_onnx_entries_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = {Rung.BUBBLEWRAP, Rung.UNSHARE}
    monkeypatch.setattr(rungs, "why_not", lambda rung: "not here" if rung in refused else "")
    rungs.best_rung.cache_clear()

    chosen = [rungs.best_rung(kind).rung for kind in ("onnx", "python")]
    rungs.best_rung.cache_clear()

    assert chosen == [Rung.LANDLOCK, Rung.PROCESS]
    with pytest.raises(PlatformFault, match="ONNX entries only"):
        Box(python_entry(tmp_path, "def load(device):\n    return None\n"), rung=Rung.LANDLOCK)


def test_a_rung_meets_the_demand_of_itself_and_of_lower_ones() -> None:
    assert [rung for rung in Rung if rung.meets(Rung.UNSHARE)] == [Rung.BUBBLEWRAP, Rung.UNSHARE]


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
    assert bubblewrap_command("bwrap", policy, filter_file=9).count("--bind") == 0


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
