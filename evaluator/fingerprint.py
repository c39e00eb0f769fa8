"""The evaluator's fingerprint: a tiny fixed scoring run, so that two machines can be compared.

Two seeded pictures and their blend are scored under ``untrained-1``, which needs no download.
The last bits of a float differ between processors; six significant digits do not.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Fingerprint", "fingerprint"]

PROTOCOL = "untrained-1"
SEED = 20260101
SIDE = 256
SIGNIFICANT_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """``digest`` is over the protocol's digest and the rounded ``values`` (metric to text)."""

    digest: str
    values: dict[str, str]


def fingerprint() -> Fingerprint:
    """Score the fixed pair; takes a second or two, on one CPU. Raises PlatformFault as scoring."""
    from evaluator.datasets import load_dataset
    from evaluator.protocols import protocol
    from evaluator.scoring import Scorer

    content, style = _waves(SEED), _waves(SEED + 1)
    rules = protocol(PROTOCOL)
    with TemporaryDirectory(prefix="stylearena-fingerprint-") as folder:
        _write_dataset(Path(folder), content, style)
        dataset = load_dataset(Path(folder))
        score = Scorer(rules).score(
            dataset, dataset.pairs[0], content, style, (content // 2 + style // 2)
        )
    numbers = dict(score.values)
    for role, feature in score.features.items():
        numbers[f"{role}_norm"] = float((feature.astype(float) ** 2).sum() ** 0.5)
    values = {name: f"{value:.{SIGNIFICANT_DIGITS - 1}e}" for name, value in numbers.items()}
    canonical = json.dumps([rules.digest(), sorted(values.items())]).encode()
    return Fingerprint(hashlib.sha256(canonical).hexdigest()[:16], values)


def _waves(seed: int) -> NDArray[np.uint8]:
    """A picture of a few coloured waves, uint8 ``[SIDE, SIDE, 3]``: smooth, yet of all colours.

    Philox and cosines of small arguments: the same bytes on every machine, unlike a stored file.
    """
    import numpy as np

    random = np.random.Generator(np.random.Philox(seed))
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    picture = np.zeros((SIDE, SIDE, 3))
    for _ in range(6):
        across, down, phase = random.uniform(-12, 12, 3)
        picture += np.cos(across * x + down * y + phase)[..., None] * random.uniform(-1, 1, 3)
    low, high = picture.min(), picture.max()
    return np.asarray(np.round(255 * (picture - low) / (high - low)), dtype=np.uint8)


def _write_dataset(folder: Path, content: NDArray[np.uint8], style: NDArray[np.uint8]) -> None:
    from evaluator.images import encode_png

    for kind, pixels in (("content", content), ("style", style)):
        (folder / kind).mkdir()
        (folder / kind / "waves.png").write_bytes(encode_png(pixels))
    (folder / "dataset.toml").write_text(
        'name = "fingerprint"\nversion = "1"\ntitle = "Fingerprint"\nlicence = "CC0-1.0"\n'
    )
