"""Compares an exported entry, run by onnxruntime, with the method's own reference on torch.

The archive is opened as the evaluator opens anyone's, static checks included.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import onnxruntime
import torch
from torch import Tensor

from baselines.card import Card
from baselines.export import onnx_entry
from baselines.method import ODD_SIZES, Method, sizes_told
from evaluator.entry import open_entry
from evaluator.errors import ParticipantError

__all__ = [
    "check_method",
    "compared_entry",
    "largest_difference",
    "require_parity",
]

SEED = 11


def check_method(method: Method, archive: Path) -> float:
    """The largest difference at two odd sizes; ParticipantError ``baseline.parity`` if too large.

    Also raises what the evaluator's static checks raise.
    """
    difference = largest_difference(archive, method.reference)
    require_parity(difference, method.tolerance, archive.name)
    return difference


def compared_entry(
    model: onnx.ModelProto,
    card: Card,
    path: Path,
    *,
    reference: Callable[..., Tensor],
    tolerance: float,
) -> Path:
    """The archive of a graph that computes what ``reference`` does; its card tells how nearly.

    Raises ParticipantError ``baseline.parity``.
    """
    with TemporaryDirectory(prefix="stylearena-") as draft:
        archive = onnx_entry(model, card, Path(draft) / "draft.zip")
        difference = largest_difference(archive, reference)
    require_parity(difference, tolerance, path.name)
    measured = f"at {sizes_told()} the largest difference from PyTorch is {difference:.1e}"
    return onnx_entry(model, replace(card, training=f"{card.training}; {measured}"), path)


def require_parity(difference: float, tolerance: float, name: str) -> None:
    """Refuse a graph that is not what its reference computes, or not finite."""
    if not difference <= tolerance:
        raise ParticipantError(
            "baseline.parity",
            f"{name} differs from the method's reference by {difference:.2g}, more than "
            f"{tolerance:.2g}; export it again and look at its graph.",
        )


def largest_difference(archive: Path, reference: Callable[..., Tensor]) -> float:
    """max |ONNX − reference| over pictures of two odd sizes, two at a time.

    ``reference`` takes (content, style), or (content) for models without a style input.
    """
    with TemporaryDirectory(prefix="stylearena-") as folder:
        entry = open_entry(archive, Path(folder))
        model = entry.root / (entry.manifest.model or "")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # it warns of inputs that have a default
        session = onnxruntime.InferenceSession(model.read_bytes(), options)
    names = [value.name for value in session.get_inputs()]
    found = [_difference(session, names, reference, size) for size in ODD_SIZES]
    return float(torch.tensor(found).max())  # Python's own max would lose what is not a number


def _difference(
    session: onnxruntime.InferenceSession,
    names: list[str],
    reference: Callable[..., Tensor],
    size: tuple[int, int],
) -> float:
    pictures = _pictures(size)[: len(names)]
    feeds = {name: picture.numpy() for name, picture in zip(names, pictures, strict=True)}
    (found,) = session.run(["stylized"], feeds)
    with torch.inference_mode():
        expected = reference(*pictures)
    return float((torch.from_numpy(found) - expected).abs().max())


def _pictures(size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Two contents and two styles [2, 3, H, W]: smooth noise, so that scales carry something."""
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.rand(4, 3, *size, generator=generator)
    smooth = torch.nn.functional.avg_pool2d(noise, 5, stride=1, padding=2)
    pictures = 0.5 * noise + 0.5 * smooth
    return pictures[:2], pictures[2:] ** 2
