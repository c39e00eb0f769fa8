"""The registry of weights: what exists, from where, under which licence, with which digest.

A file is used only after its size and sha256 were checked. Light: no torch; the network is
touched by ``download`` alone.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import MappingProxyType
from typing import Literal

import platformdirs

from evaluator.compact.shipped import SHIPPED
from evaluator.errors import ParticipantError, PlatformFault
from evaluator.writing import writing

__all__ = [
    "REGISTRY",
    "State",
    "Weights",
    "add",
    "check",
    "default_folder",
    "known",
    "path_of",
    "sha256_of",
    "state_of",
]

PACKAGED = Path(__file__).resolve().parents[1] / "compact" / "weights"
FETCH = "stylearena weights fetch"
MIN_PREFIX = 8  # hex digits: what torch.hub puts into a file's name

State = Literal["present", "missing", "damaged", "seeded"]


@dataclass(frozen=True, slots=True)
class Weights:
    """One registered file. ``sha256`` is whole, or its first digits where no more is published.

    ``url`` is empty for weights that are never downloaded: made from a seed, or ``packaged``, which
    means that they come with StyleArena; ``size`` is None where it is not published.
    """

    name: str
    filename: str
    url: str
    size: int | None
    sha256: str
    licence: str
    description: str
    packaged: bool = False

    @property
    def is_seeded(self) -> bool:
        return not (self.url or self.packaged)

    def matches(self, digest: str) -> bool:
        """Whether a whole sha256 fits the registered one."""
        return len(self.sha256) >= MIN_PREFIX and digest.startswith(self.sha256)


def _compact(network: str) -> Weights:
    size, sha256 = SHIPPED[network]
    return Weights(
        name=f"compact-{network}",
        filename=f"compact-{network}.safetensors",
        url="",
        size=size,
        sha256=sha256,
        licence="Apache-2.0",
        description=f"The compact protocol's {network} network, trained by StyleArena",
        packaged=True,
    )


def _lpips_heads(network: str, size: int, sha256: str) -> Weights:
    return Weights(
        name=f"lpips-{network}-v0.1",
        filename=f"lpips-{network}-v0.1-{sha256[:8]}.pth",
        url="https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/master/lpips/"
        f"weights/v0.1/{network}.pth",
        size=size,
        sha256=sha256,
        licence="BSD-2-Clause",
        description=f"LPIPS v0.1: the linear heads on the trunk {network!r}",
    )


_KNOWN = (
    Weights(
        name="vgg19-torchvision",
        filename="vgg19-dcbb9e9d.pth",
        url="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
        size=574_673_361,
        sha256="dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
        licence="BSD-3-Clause",
        description="VGG-19, torchvision's IMAGENET1K_V1",
    ),
    Weights(
        name="vgg19-caffe",
        filename="vgg19-d01eb7cb.pth",
        url="https://web.eecs.umich.edu/~justincj/models/vgg19-d01eb7cb.pth",
        size=None,
        sha256="d01eb7cb",
        licence="CC-BY-4.0",
        description="VGG-19, the original Caffe weights of Simonyan and Zisserman, as used by "
        "Gatys et al. (converted by J. Johnson)",
    ),
    Weights(
        name="inception-2015-12-05",
        filename="pt_inception-2015-12-05-6726825d.pth",
        url="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
        "pt_inception-2015-12-05-6726825d.pth",
        size=95_628_359,
        sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        licence="Apache-2.0",
        description="FID's Inception-v3 of 2015-12-05 (converted by M. Seitzer, pytorch-fid)",
    ),
    Weights(
        name="squeezenet1_1-torchvision",
        filename="squeezenet1_1-b8a52dc0.pth",
        url="https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth",
        size=None,
        sha256="b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b",
        licence="BSD-3-Clause",
        description="SqueezeNet 1.1, torchvision's IMAGENET1K_V1: a trunk of LPIPS",
    ),
    Weights(
        name="alexnet-torchvision",
        filename="alexnet-owt-7be5be79.pth",
        url="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        size=244_408_911,
        sha256="7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
        licence="BSD-3-Clause",
        description="AlexNet, torchvision's IMAGENET1K_V1: a trunk of LPIPS",
    ),
    Weights(
        name="vgg16-torchvision",
        filename="vgg16-397923af.pth",
        url="https://download.pytorch.org/models/vgg16-397923af.pth",
        size=553_433_881,
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        licence="BSD-3-Clause",
        description="VGG-16, torchvision's IMAGENET1K_V1: a trunk of LPIPS",
    ),
    _lpips_heads(
        "squeeze", 10_811, "4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76"
    ),
    _lpips_heads("alex", 6_009, "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0"),
    _lpips_heads("vgg", 7_289, "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868"),
    *(_compact(network) for network in SHIPPED),
    Weights(
        name="seeded-vgg19-quarter",
        filename="",
        url="",
        size=None,
        sha256="642e70c49f615758390d13c86367042c1a4aa03d45b62b0db494cdab0e0f2fbe",
        licence="CC0-1.0",
        description="VGG-19 with a quarter of the channels, untrained",
    ),
    Weights(
        name="seeded-inception-stem",
        filename="",
        url="",
        size=None,
        sha256="666d1b39ae6bffa59da52c888da8d9e8a4e56ddda34de3941062b9c80fd11cc7",
        licence="CC0-1.0",
        description="Inception-v3 to its first block, untrained",
    ),
)

REGISTRY: Mapping[str, Weights] = MappingProxyType({entry.name: entry for entry in _KNOWN})


def known(name: str) -> Weights:
    """The registered weights; ParticipantError ``weights.unknown`` lists their names."""
    if name not in REGISTRY:
        raise ParticipantError(
            "weights.unknown",
            f"There are no weights {name!r}; known are {', '.join(REGISTRY)}.",
        )
    return REGISTRY[name]


def default_folder() -> Path:
    """``STYLEARENA_WEIGHTS_DIR``, or ``weights`` in StyleArena's cache folder."""
    if chosen := os.environ.get("STYLEARENA_WEIGHTS_DIR"):
        return Path(chosen)
    cache = os.environ.get("STYLEARENA_CACHE_DIR") or platformdirs.user_cache_dir("stylearena")
    return Path(cache) / "weights"


def path_of(weights: Weights, folder: Path | None = None) -> Path:
    """Where the file lies, or would lie: in ``folder``, unless it comes with the package."""
    if weights.packaged:
        return PACKAGED / weights.filename
    return (folder or default_folder()) / weights.filename


def sha256_of(path: Path) -> str:
    """sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def state_of(weights: Weights, folder: Path | None = None) -> State:
    """Whether the file is there and whole; reads all of it."""
    if weights.is_seeded:
        return "seeded"
    path = path_of(weights, folder)
    if not path.is_file():
        return "missing"
    try:
        check(weights, path)
    except PlatformFault:
        return "damaged"
    return "present"


def check(weights: Weights, path: Path) -> str:
    """The file's sha256; PlatformFault ``weights.damaged`` if it is not the registered one."""
    size = path.stat().st_size
    if weights.size is not None and size != weights.size:
        raise _damaged(path, weights, f"has {size:,} bytes instead of {weights.size:,}")
    digest = sha256_of(path)
    if not weights.matches(digest):
        raise _damaged(path, weights, f"has sha256 {digest[:16]}… not {weights.sha256[:16]}…")
    return digest


def add(weights: Weights, file: Path, folder: Path | None = None) -> Path:
    """Copy a file that somebody already has into the cache, if it is the registered one.

    Raises ParticipantError ``weights.seeded``, ``weights.packaged``, ``weights.unreadable``,
    ``weights.unwritable`` or ``weights.wrong_digest``.
    """
    if weights.is_seeded:
        raise ParticipantError(
            "weights.seeded", f"{weights.name} is made from a seed: there is no file to add."
        )
    if weights.packaged:
        raise ParticipantError(
            "weights.packaged", f"{weights.name} comes with StyleArena: there is no file to add."
        )
    target = path_of(weights, folder)
    with writing(
        f"The weights folder {target.parent}",
        "make room there or set STYLEARENA_WEIGHTS_DIR to another folder",
        code="weights.unwritable",
        error=ParticipantError,
    ):
        _put_in_place(weights, file, target)
    return target


def _put_in_place(weights: Weights, file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=target.parent, prefix=".adding-", delete=False) as copy:
        try:
            digest = _copy(file, Path(copy.name))
            if not weights.matches(digest):
                raise ParticipantError(
                    "weights.wrong_digest",
                    f"{file} is not {weights.name}: its sha256 starts with {digest[:16]}, but "
                    f"{weights.sha256[:16]} is expected; get it from {weights.url}.",
                )
            Path(copy.name).replace(target)
        except BaseException:
            Path(copy.name).unlink(missing_ok=True)
            raise


def _copy(source: Path, target: Path) -> str:
    """Copy and return the sha256 of what was written, so that nothing changes in between."""
    digest = hashlib.sha256()
    try:
        with source.open("rb") as reader, target.open("wb") as writer:
            while chunk := reader.read(1 << 20):
                digest.update(chunk)
                writer.write(chunk)
    except OSError as error:
        raise ParticipantError(
            "weights.unreadable",
            f"{source} cannot be copied to the weights folder: {error.strerror}; check the path "
            "and the free space.",
        ) from error
    target.chmod(0o644)
    return digest.hexdigest()


def _damaged(path: Path, weights: Weights, how: str) -> PlatformFault:
    remedy = "install StyleArena again" if weights.packaged else f"run `{FETCH} {weights.name}`"
    return PlatformFault("weights.damaged", f"The weights file {path} {how}; {remedy}.")
