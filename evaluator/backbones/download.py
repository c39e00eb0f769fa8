"""Downloads of weights: resumed where they stopped, checked before they are put in place.

Nothing is ever read from a file that is not whole: a part lies beside its target under another
name, and only after size and sha256 were checked is it renamed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.backbones.weights import Weights, check, path_of
from evaluator.errors import ParticipantError, PlatformFault
from evaluator.specs import DEFAULT_PROTOCOL

if TYPE_CHECKING:
    import httpx

__all__ = ["Progress", "fetch"]

Progress = Callable[[Weights, int, int | None], None]
"""Called with the weights, the bytes there are and the bytes there will be, if known."""

ATTEMPTS = 4
LONGEST_WAIT_S = 8.0
TIMEOUT_S = 30.0

HTTP_PARTIAL, HTTP_BAD_RANGE, HTTP_SERVER_FAULT = 206, 416, 500


def fetch(
    weights: Weights,
    folder: Path | None = None,
    *,
    on_progress: Progress | None = None,
    first_wait: float = 0.5,
) -> Path:
    """The checked file, downloaded if it is not there or not whole.

    Dropped connections and server faults are tried again, ``ATTEMPTS`` times in all, waiting
    ``first_wait`` seconds, then twice as long each time. Raises PlatformFault ``weights.offline``,
    ``weights.refused`` (by the server), ``weights.damaged`` or ``weights.unwritable``, and
    ParticipantError ``weights.seeded`` for weights that are never downloaded.
    """
    if weights.is_seeded:
        raise ParticipantError(
            "weights.seeded", f"{weights.name} is made from a seed: there is nothing to fetch."
        )
    target = path_of(weights, folder)
    if weights.packaged:
        check(weights, target)
        return target
    try:
        if not _is_whole(weights, target):
            with _alone(target):
                if not _is_whole(weights, target):  # else another process fetched it meanwhile
                    _download(weights, target, on_progress, first_wait)
    except OSError as error:
        raise PlatformFault(
            "weights.unwritable",
            f"The weights {weights.name} cannot be put into {target.parent}: {error.strerror}; "
            "make room there or set STYLEARENA_WEIGHTS_DIR to another folder.",
        ) from error
    return target


def _is_whole(weights: Weights, path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        check(weights, path)
    except PlatformFault:
        return False
    return True


def _download(
    weights: Weights, target: Path, on_progress: Progress | None, first_wait: float
) -> None:
    part = target.with_name(f"{target.name}.part")
    resumed = part.exists()
    _fill(weights, part, on_progress, first_wait)
    if resumed and not _is_whole(weights, part):
        # What lay there from an earlier time may be what was wrong: once more, from nothing.
        part.unlink()
        _fill(weights, part, on_progress, first_wait)
    try:
        check(weights, part)
    except PlatformFault:
        part.unlink()
        raise
    part.replace(target)


def _fill(weights: Weights, part: Path, on_progress: Progress | None, first_wait: float) -> None:
    """Bring ``part`` to its full length, over as many connections as it takes."""
    import httpx
    import tenacity

    wait = tenacity.wait_exponential(multiplier=first_wait, min=0, max=LONGEST_WAIT_S)
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((httpx.TransportError, _ServerFault)),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=wait,
        reraise=True,
    )
    try:
        retrying(_continue, weights, part, on_progress)
    except httpx.TransportError as error:
        raise PlatformFault(
            "weights.offline",
            f"The weights {weights.name} are missing and this machine is offline "
            f"({httpx.URL(weights.url).host} cannot be reached): fetch them elsewhere and run "
            f"`stylearena weights add {weights.name} FILE`, or use --protocol {DEFAULT_PROTOCOL}, "
            "which needs no download.",
        ) from error
    except (_ServerFault, httpx.HTTPStatusError) as error:
        raise PlatformFault(
            "weights.refused",
            f"The server did not give {weights.url} ({error}); try again later, or run "
            f"`stylearena weights add {weights.name} FILE` with a copy you have.",
        ) from error


class _ServerFault(Exception):
    """The server failed in a way that may pass."""


def _continue(weights: Weights, part: Path, on_progress: Progress | None) -> None:
    """Ask for what is missing after the bytes that are there, and append it."""
    import httpx

    there = part.stat().st_size if part.exists() else 0
    if weights.size is not None and there >= weights.size:
        if there == weights.size:
            return
        part.unlink()
        there = 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={there}-"} if there else {})
    with (
        httpx.Client(follow_redirects=True, timeout=TIMEOUT_S) as client,
        client.stream("GET", weights.url, headers=headers) as response,
    ):
        _refuse_failures(response, part)
        if response.status_code != HTTP_PARTIAL:
            there = 0  # the server sends everything: it does not know ranges
        _append(response, part, there, weights, on_progress)


def _refuse_failures(response: httpx.Response, part: Path) -> None:
    if response.status_code == HTTP_BAD_RANGE:
        part.unlink(missing_ok=True)
        raise _ServerFault("the part that was there does not fit the server's file")
    if response.status_code >= HTTP_SERVER_FAULT:
        raise _ServerFault(f"status {response.status_code}")
    response.raise_for_status()


def _append(
    response: httpx.Response,
    part: Path,
    there: int,
    weights: Weights,
    on_progress: Progress | None,
) -> None:
    rest = response.headers.get("Content-Length")
    total = there + int(rest) if rest else weights.size
    with part.open("ab" if there else "wb") as file:
        for chunk in response.iter_raw():
            file.write(chunk)
            there += len(chunk)
            if on_progress is not None:
                on_progress(weights, there, total)


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One process at a time downloads a file; the others wait and then find it there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f".{target.name}.lock").open("w") as lock:
        try:
            import fcntl
        except ImportError:  # not a Unix: two downloads at once would at worst both be checked
            yield
            return
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
