"""Compares an exported entry, run by onnxruntime, with the method's own reference on torch.

The archive is opened as the evaluator opens anyone's, static checks included.
"""

import math
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import onnxruntime
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from baselines.archive import onnx_entry
from baselines.card import Card
from baselines.method import COMPARED, Compared, Method, sizes_told
from evaluator.entry import Entry, open_entry
from evaluator.errors import ParticipantError

__all__ = [
    "check_method",
    "compared_entry",
    "largest_difference",
    "not_exported",
    "of_another_kind",
    "open_exported",
    "require_parity",
]

SEED = 11


def check_method(method: Method, archive: Path) -> float:
    """The largest difference on ``COMPARED``; ParticipantError ``baseline.parity`` if too large.

    Also raises what the evaluator's static checks raise.
    """
    difference = largest_difference(archive, method.reference, takes_style=True)
    require_parity(difference, method.tolerance, archive.name)
    return difference


def open_exported(archive: Path, into: Path) -> Entry:
    """The archive that ``export`` wrote, opened as the evaluator opens anyone's.

    Raises ParticipantError ``baseline.parity`` if nothing was exported.
    """
    if not archive.is_file():
        raise not_exported(archive)
    return open_entry(archive, into)


def not_exported(archive: Path) -> ParticipantError:
    """What to raise where ``export`` has not been run."""
    return ParticipantError(
        "baseline.parity",
        f"There is no {archive.name} in {archive.parent}; run `{_export(archive)}` first.",
    )


def of_another_kind(archive: Path) -> ParticipantError:
    """What to raise where the archive cannot be what its name says."""
    return ParticipantError(
        "baseline.parity",
        f"{archive} is not what export writes under that name; run `{_export(archive)}` again.",
    )


def _export(archive: Path) -> str:
    method = archive.name.partition(".")[0]  # a style's name may follow
    return f"python -m baselines export {method} --out {shlex.quote(str(archive.parent))}"


def compared_entry(
    model: onnx.ModelProto,
    card: Card,
    path: Path,
    *,
    reference: Callable[..., Tensor],
    takes_style: bool,
    tolerance: float,
) -> Path:
    """The archive of a graph that computes what ``reference`` does; its card tells how nearly.

    Raises ParticipantError ``baseline.parity``.
    """
    with TemporaryDirectory(prefix="stylearena-") as draft:
        archive = onnx_entry(model, card, Path(draft) / "draft.zip")
        difference = largest_difference(archive, reference, takes_style=takes_style)
    require_parity(difference, tolerance, path.name)
    where = sizes_told(takes_style=takes_style)
    measured = f"at {where} the largest difference from PyTorch is {difference:.2g}"
    return onnx_entry(model, replace(card, training=f"{card.training}; {measured}"), path)


def require_parity(difference: float, tolerance: float, name: str) -> None:
    """Refuse a graph that is not what its reference computes, or not finite."""
    if not difference <= tolerance:
        raise ParticipantError(
            "baseline.parity",
            f"{name} differs from the method's reference by {difference:.2g}, more than "
            f"{tolerance:.2g}; export it again and look at its graph.",
        )


def largest_difference(
    archive: Path, reference: Callable[..., Tensor], *, takes_style: bool
) -> float:
    """max |ONNX − reference| over ``COMPARED``; infinite where a result has another size.

    ``reference`` takes (content, style), or (content) for models without a style input.
    """
    session = _session(archive, takes_style=takes_style)
    found = [_difference(session, reference, compared) for compared in COMPARED]
    return float(torch.tensor(found).max())  # Python's own max would lose what is not a number


def _session(archive: Path, *, takes_style: bool) -> onnxruntime.InferenceSession:
    with TemporaryDirectory(prefix="stylearena-") as folder:
        entry = open_exported(archive, Path(folder))
        if entry.facts is None or entry.facts.has_style != takes_style:
            raise of_another_kind(archive)
        model = entry.root / (entry.manifest.model or "")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # it warns of inputs that have a default
        return onnxruntime.InferenceSession(model.read_bytes(), options)


def _difference(
    session: onnxruntime.InferenceSession, reference: Callable[..., Tensor], compared: Compared
) -> float:
    names = [value.name for value in session.get_inputs()]
    pictures = _pictures(compared)[: len(names)]
    feeds = {name: picture.numpy() for name, picture in zip(names, pictures, strict=True)}
    found = torch.from_numpy(session.run(["stylized"], feeds)[0])
    with torch.inference_mode():
        expected = reference(*pictures)
    if found.shape != expected.shape:
        return math.inf
    return float((found - expected).abs().max())


def _pictures(compared: Compared) -> tuple[Tensor, Tensor]:
    """Contents and styles [N, 3, H, W]: smooth noise, so that scales carry something."""
    generator = torch.Generator().manual_seed(SEED)

    def noise(size: tuple[int, int]) -> Tensor:
        rough = torch.rand(compared.pairs, 3, *size, generator=generator)
        return 0.5 * rough + 0.5 * avg_pool2d(rough, 5, stride=1, padding=2)

    return noise(compared.content), noise(compared.style) ** 2
