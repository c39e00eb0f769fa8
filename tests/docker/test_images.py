"""What can be checked of the images without an engine: their files agree with each other."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())


@pytest.mark.parametrize("name", ["web.Dockerfile", "worker.Dockerfile"])
def test_image_runs_as_an_ordinary_user(name: str) -> None:
    users = re.findall(r"^USER (\S+)", (DOCKER / name).read_text(), re.MULTILINE)
    assert users[-1:] == ["arena"]


def test_worker_image_carries_bubblewrap() -> None:
    assert "bubblewrap" in (DOCKER / "worker.Dockerfile").read_text()


def test_worker_image_carries_the_onnxruntime_of_gpus_alone() -> None:
    dockerfile = (DOCKER / "worker.Dockerfile").read_text()
    overrides = (DOCKER / "worker-overrides.txt").read_text()

    assert '"onnxruntime-gpu[cuda,cudnn]==$(sed' in dockerfile
    assert "--override docker/worker-overrides.txt" in dockerfile
    assert re.search(r'^onnxruntime ; sys_platform == "never"$', overrides, re.MULTILINE)


@pytest.mark.parametrize("service", ["web", "worker", "sweeper", "migrate"])
def test_service_drops_every_capability(service: str) -> None:
    definition = COMPOSE["services"][service]
    assert definition["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in definition["security_opt"]
    assert definition["init"] is True


def test_compose_reads_every_secret_from_the_environment() -> None:
    text = (DOCKER / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    offered = set(re.findall(r"^([A-Z_]+)=", (DOCKER / "env.example").read_text(), re.MULTILINE))
    assert asked <= offered
    assert {"STYLEARENA_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"} <= asked


def test_example_environment_holds_no_secret() -> None:
    text = (DOCKER / "env.example").read_text()
    for name in ("STYLEARENA_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert re.search(rf"^{name}=$", text, re.MULTILINE)


def test_seccomp_profile_leaves_bubblewrap_its_calls_and_denies_the_kernel_ones() -> None:
    profile = json.loads((DOCKER / "seccomp.json").read_text())
    denied = {name for rule in profile["syscalls"] for name in rule["names"]}
    assert denied.isdisjoint({"clone", "clone3", "unshare", "mount", "umount2", "pivot_root"})
    assert {"ptrace", "bpf", "keyctl", "kexec_load", "userfaultfd"} <= denied


def test_images_start_commands_that_exist() -> None:
    commands = {path.stem for path in ROOT.glob("platform/stylearena/*/management/commands/*.py")}
    assert {"worker", "sweeper", "health"} <= commands


@pytest.mark.parametrize("service", ["worker", "sweeper"])
def test_service_without_http_has_a_health_check(service: str) -> None:
    assert COMPOSE["services"][service]["healthcheck"]["test"] == ["CMD", "django-admin", "health"]


def test_worker_has_time_to_hand_its_shard_back() -> None:
    assert COMPOSE["services"]["worker"]["stop_grace_period"] == "1m"


@pytest.mark.parametrize("service", ["web", "worker", "sweeper", "migrate"])
def test_service_paints_the_demo_where_it_may_write(service: str) -> None:
    definition = COMPOSE["services"][service]
    cache = definition["environment"]["STYLEARENA_CACHE_DIR"]
    assert definition["read_only"]
    assert cache.startswith("/srv/datasets/")
    assert "datasets:/srv/datasets" in definition["volumes"]


@pytest.mark.parametrize(
    "name", ["STYLEARENA_EMAIL_FROM", "STYLEARENA_GITHUB_ID", "STYLEARENA_GITHUB_SECRET"]
)
def test_a_setting_reaches_the_site_from_the_example(name: str) -> None:
    assert name in COMPOSE["services"]["web"]["environment"]
    assert f"\n{name}=" in (DOCKER / "env.example").read_text()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("docker") is None, reason="no docker client on this machine")
def test_compose_file_is_valid(tmp_path: Path) -> None:
    probe = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("the docker client has no compose plugin")
    filled = tmp_path / "env"
    example = (DOCKER / "env.example").read_text()
    filled.write_text(re.sub(r"=$", "=filled-in-by-the-test", example, flags=re.MULTILINE))
    command = ["docker", "compose", "--env-file", filled, "-f", DOCKER / "compose.yaml", "config"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
