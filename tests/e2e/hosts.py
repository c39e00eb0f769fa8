"""Two hosts on one machine: network namespaces, each on a wire to a switch that we can unplug.

Takes root and iproute2; a test that asks for a ``network`` is skipped where there cannot be one.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

__all__ = ["Host", "network"]

_SWITCH_ADDRESS = "10.231.77.1"
_BITS = 24


@dataclass(frozen=True, slots=True)
class Host:
    """A network namespace; ``command`` in front of another runs that one in it."""

    name: str
    wire: str

    @property
    def command(self) -> list[str]:
        return ["ip", "netns", "exec", self.name]

    def unplug(self) -> None:
        """Nothing arrives and nothing leaves, and nobody is told."""
        _ip("link", "set", self.wire, "down")

    def plug_in(self) -> None:
        _ip("link", "set", self.wire, "up")


@contextmanager
def network(count: int) -> Iterator[tuple[str, list[Host]]]:
    """The switch's address, where shared services listen, and so many hosts."""
    _require_namespaces()
    tag = f"sa{os.getpid() % 10_000}"
    switch = f"{tag}sw"
    hosts = [Host(f"{tag}h{number}", f"{tag}w{number}") for number in range(count)]
    try:
        _ip("link", "add", switch, "type", "bridge")
        _ip("addr", "add", f"{_SWITCH_ADDRESS}/{_BITS}", "dev", switch)
        _ip("link", "set", switch, "up")
        for number, host in enumerate(hosts):
            _connect(host, switch, f"10.231.77.{10 + number}/{_BITS}")
        yield _SWITCH_ADDRESS, hosts
    finally:
        for host in hosts:
            subprocess.run(["ip", "netns", "del", host.name], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", switch], capture_output=True, check=False)


def _connect(host: Host, switch: str, address: str) -> None:
    inner = f"{host.wire}i"
    _ip("netns", "add", host.name)
    _ip("link", "add", host.wire, "type", "veth", "peer", "name", inner)
    _ip("link", "set", inner, "netns", host.name)
    _ip("link", "set", host.wire, "master", switch, "up")
    for settings in (("addr", "add", address, "dev", inner), ("link", "set", inner, "up")):
        _ip("-netns", host.name, *settings)
    _ip("-netns", host.name, "link", "set", "lo", "up")


def _require_namespaces() -> None:
    if os.getuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces take root and iproute2")
    trial = "ip link add dev sa0 type bridge && ip link add sa1 type veth peer name sa2"
    command = ["unshare", "--net", "sh", "-c", trial]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"this machine makes no virtual networks: {tried.stderr.strip()}")


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
