"""The demo's processes end with it, however it ends; its files are for its owner alone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from django.core.management import call_command
from django.core.management.base import CommandError

from stylearena.demo.installation import free_port, require_port, secret_key, sole_owner
from stylearena.demo.processes import Supervisor
from stylearena.demo.redis_server import RedisServer
from stylearena.demo.stage import Stage
from stylearena.env import Mode

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
]
SUPERVISE = """
import sys, time
from pathlib import Path
from stylearena.demo.processes import Supervisor
with Supervisor(Path(sys.argv[1])) as supervisor:
    supervisor.keep("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"], {})
    print(supervisor._jobs[0].process.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def own_signals() -> object:
    """A supervisor that has ended ignores Ctrl-C; the next test must not."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def pids(supervisor: Supervisor) -> list[int]:
    return [job.process.pid for job in supervisor._jobs]


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_everything_started_has_ended_when_the_supervisor_is_left(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.keep("first", SLEEP, {})
        supervisor.keep("second", SLEEP, {})
        started = pids(supervisor)
    assert all(is_gone(pid) for pid in started)


def test_a_process_that_does_not_listen_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stylearena.demo.processes._PATIENCE", 0.3)
    with Supervisor(tmp_path) as supervisor:
        supervisor.keep("stubborn", STUBBORN, {})
        (pid,) = pids(supervisor)
        time.sleep(0.3)
    assert is_gone(pid)


def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": "platform"}
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(tmp_path)], env=environment, stdout=subprocess.PIPE
    )
    with supervisor:
        assert supervisor.stdout is not None
        sleeper = int(supervisor.stdout.readline())
        assert not is_gone(sleeper)
        supervisor.kill()
    deadline = time.monotonic() + 5
    while not is_gone(sleeper) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_gone(sleeper)


def test_what_ends_is_started_again_and_what_keeps_ending_is_reported(tmp_path: Path) -> None:
    started = set()
    with Supervisor(tmp_path) as supervisor:
        supervisor.keep("flaky", [sys.executable, "-c", "raise SystemExit(3)"], {})
        for _ in range(3):
            started |= set(pids(supervisor))
            supervisor._jobs[0].process.wait()
            supervisor.watch()
        supervisor._jobs[0].process.wait()
        with pytest.raises(CommandError, match="keeps ending"):
            supervisor.watch()
    assert len(started) == 3


def test_a_step_that_fails_is_reported_with_its_log(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        task = supervisor.run([sys.executable, "-c", "raise SystemExit(1)"], {}, "export")
        task._process.wait()
        with pytest.raises(CommandError, match=r"export\.log"):
            task.is_done()


def test_redis_answers_to_the_password_only(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis")
    with Supervisor(tmp_path) as supervisor:
        supervisor.keep("redis", server.command, {}, stdin=server.settings)
        server.await_ready()
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        with redis.Redis.from_url(server.url) as friend:
            assert friend.config_get("appendonly") == {"appendonly": "yes"}
        assert server.password not in " ".join(psutil.Process(pids(supervisor)[0]).cmdline())


def test_a_port_that_is_taken_is_one_sentence() -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} cannot be used"):
            require_port(port)
    require_port(free_port())


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        sole_owner(tmp_path),
        pytest.raises(CommandError, match="is running"),
        sole_owner(tmp_path),
    ):
        pass


def test_the_secret_key_is_kept_and_private(tmp_path: Path) -> None:
    key = secret_key(tmp_path)
    assert secret_key(tmp_path) == key
    assert len(key) > 50
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_the_demo_refuses_another_mode() -> None:
    with pytest.raises(CommandError, match="make demo"):
        call_command("demo", "--once", "--port", str(free_port()))


def test_an_interrupted_demo_ends_in_a_sentence(
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(_stage: Stage) -> None:
        raise KeyboardInterrupt

    settings.MODE, settings.DATA_DIR = Mode.DEMO, tmp_path
    monkeypatch.setattr(Stage, "set_up", interrupted)

    with pytest.raises(SystemExit) as ended:
        call_command("demo", port=free_port())

    assert ended.value.code == 130
    assert "run it again" in capsys.readouterr().err
