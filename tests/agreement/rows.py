"""The comparisons with other packages that must be made, and how far each may be off.

One list for the tests that measure them and for the page of the documentation, so that neither can
hold what the other lacks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["LIMIT", "ROWS", "Row"]

LIMIT = 1e-4  # the largest relative difference that counts as agreement


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. ``tolerance`` is None where the two differ on purpose, as ``note`` says."""

    ours: str
    peer: str
    on: str
    tolerance: float | None
    note: str = ""


_REAL_VGG = "real VGG-19 to conv4_1, real pictures"
_SEEDED = "Inception with seeded weights"
_REAL_INCEPTION = "real Inception to 768 dimensions"
_AT_299 = f"{_SEEDED}, 64 dimensions, 70 + 70 pictures of 299²"
_AT_256 = f"{_SEEDED}, 64 dimensions, 70 + 70 pictures of 256²"
_PLAIN = "plain float64 computation"
_SAME_ROWS = "the same feature rows"


def _vgg(name: str) -> Row:
    return Row(name, _PLAIN, _REAL_VGG, 1e-5)


ROWS: Mapping[str, Row] = MappingProxyType(
    {
        "fid.pytorch-fid.64": Row(
            "fid", "pytorch-fid", f"{_SEEDED}, 64 dimensions, 70 + 70 pictures of 96²", 1e-6
        ),
        "fid.pytorch-fid.768": Row(
            "fid",
            "pytorch-fid",
            f"{_REAL_INCEPTION}, real pictures",
            LIMIT,
            "fewer pictures than dimensions: pytorch-fid's square root of a singular matrix errs",
        ),
        "fid.pytorch-fid.768-features": Row(
            "fid",
            "pytorch-fid's features",
            f"{_REAL_INCEPTION}, 5 + 5 pictures",
            1e-5,
            "our distance of its features: the networks alone",
        ),
        "fid.pytorch-fid.2048": Row(
            "fid",
            "pytorch-fid",
            f"{_SEEDED}, 2048 dimensions, 12 + 12 pictures",
            LIMIT,
            "fewer pictures than dimensions: pytorch-fid's square root of a singular matrix errs",
        ),
        "fid.pytorch-fid.2048-features": Row(
            "fid",
            "pytorch-fid's features",
            f"{_SEEDED}, 2048 dimensions, 5 + 5 pictures",
            1e-5,
            "our distance of its features: the networks alone",
        ),
        "clean_fid.clean-fid": Row("clean_fid", "clean-fid", _AT_256, 1e-5),
        "clean_fid.torch-fidelity": Row("clean_fid", "torch-fidelity", _AT_299, 1e-5),
        "clean_fid.torchmetrics": Row("clean_fid", "torchmetrics", _AT_299, 1e-5),
        "fid.torch-fidelity.resized": Row(
            "fid",
            "torch-fidelity",
            _AT_256,
            None,
            "torch-fidelity resizes as TensorFlow 1 did, without half-pixel centres; `fid` as "
            "pytorch-fid",
        ),
        "fid.torchmetrics.resized": Row(
            "fid",
            "torchmetrics",
            _AT_256,
            None,
            "torchmetrics scales pixels by (x − 128) / 128; `fid` by x / 127.5 − 1, as pytorch-fid",
        ),
        "sfid.pytorch-fid": Row(
            "sfid",
            "pytorch-fid's layer",
            f"{_SEEDED}, features of one picture",
            1e-5,
            "pytorch-fid has no sFID: features of its layer, relative to the largest",
        ),
        "kid.torchmetrics": Row(
            "kid",
            "torchmetrics",
            _AT_299,
            1e-4,
            "from torchmetrics' features as they are, its sums in float64 (`set_dtype`): KID is a "
            "small difference of large sums, which float32 knows to a thousandth",
        ),
        "kid.torchmetrics-rows": Row("kid", "torchmetrics", _SAME_ROWS, 1e-9),
        "kid_subsets.torch-fidelity": Row("kid_subsets", "torch-fidelity", _AT_299, 1e-4),
        "kid_subsets.torch-fidelity-rows": Row("kid_subsets", "torch-fidelity", _SAME_ROWS, 1e-9),
        "precision.torch-fidelity": Row("precision", "torch-fidelity", _AT_299, 1e-6),
        "recall.torch-fidelity": Row("recall", "torch-fidelity", _AT_299, 1e-6),
        "manifolds.prdc": Row(
            "precision, recall, density, coverage", "prdc", f"{_SAME_ROWS}, k = 1, 3, 5", 1e-9
        ),
        "mifid.torchmetrics": Row(
            "mifid",
            "torchmetrics",
            _AT_299,
            1e-4,
            "with the mean distance over reference pictures, as torchmetrics has it; `mifid` takes "
            "it over outputs, as the paper does",
        ),
        "memorisation_distance.torchmetrics": Row(
            "memorisation_distance", "torchmetrics", _SAME_ROWS, 1e-9
        ),
        "lpips_squeeze.lpips": Row(
            "lpips_squeeze", "lpips", "real weights and pictures", 1e-5, "lpips computes in float32"
        ),
        "lpips_squeeze.published": Row(
            "lpips_squeeze",
            "torchmetrics' manual: 0.1024 and 0.0938",
            "real weights, its random pictures",
            1e-3,
            "printed to four digits, which is what they agree to",
        ),
        "lpips_alex.lpips": Row("lpips_alex", "lpips", "its heads, seeded trunk", 1e-5),
        "lpips_vgg.lpips": Row("lpips_vgg", "lpips", "its heads, seeded trunk", 1e-5),
        "ssim.scikit-image": Row("ssim", "scikit-image", "pictures of waves", 1e-9),
        "ssim.torchmetrics": Row(
            "ssim", "torchmetrics", "pictures of waves", 1e-6, "its map without the mirrored margin"
        ),
        "ssim.float64": Row("ssim", _PLAIN, "pictures of waves", 1e-9),
        **{
            f"{name}.float64": _vgg(name)
            for name in (
                "content_loss",
                "content_mse",
                "content_rmse",
                "style_loss",
                "style_mse",
                "style_rmse",
                "total_loss",
                "mean_std_loss",
                "cfsd",
            )
        },
    }
)
"""Name of the figure, without its ``agreement.`` → the comparison, in the page's order."""
