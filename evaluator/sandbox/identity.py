"""Who a box is on the host: a uid of its own where the judge is root, the judge's uid elsewhere.

A user namespace hides the uid inside; the kernel still sees the one outside, and root's would own
every file and know no limit of processes. A pool uid belongs to one box at a time on this machine.
"""

import os
import socket
from dataclasses import dataclass

from evaluator.errors import PlatformFault

__all__ = ["PoolUid", "claim_uid"]

# Above every range that distributions, systemd and containers hand out, below 2^31.
_FIRST, _COUNT = 1_880_000_000, 512


@dataclass(frozen=True, slots=True)
class PoolUid:
    """A uid that is ours until ``release``, or until the kernel closes the lock with the judge."""

    number: int
    lock: socket.socket

    def release(self) -> None:
        """Let another box have it. Every process of this one must be gone."""
        self.lock.close()


def claim_uid() -> PoolUid | None:
    """A free uid of the pool; None where the judge is not root and so cannot give one."""
    if os.geteuid() != 0:
        return None
    for number in range(_FIRST, _FIRST + _COUNT):
        # A name that the kernel gives to one socket at a time and forgets with it.
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            lock.bind(f"\0stylearena-box-uid-{number}")
        except OSError:
            lock.close()
            continue
        return PoolUid(number, lock)
    raise PlatformFault("sandbox.uids", f"All {_COUNT} uids for boxes are in use; run fewer boxes.")
