"""What a reader has to know of each metric beyond its catalogue entry: module, range, pitfalls.

With the catalogue and the docstring of the metric's own module these make its page (``pages``), on
the terminal and in the documentation. Light.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isinf
from types import MappingProxyType

__all__ = ["FACTS", "Facts", "Range"]


@dataclass(frozen=True, slots=True)
class Range:
    """Where a metric's values, and so the ends of its intervals, can lie."""

    low: float = 0.0
    high: float = inf
    remark: str = ""
    open_low: bool = False

    def __str__(self) -> str:
        """Such as "[0, ∞), mostly below 1"; infinite ends are open."""
        low, high = (
            f"{end:g}".replace("inf", "∞").replace("-", "−") for end in (self.low, self.high)
        )
        begin = "(" if self.open_low or isinf(self.low) else "["
        end = ")" if isinf(self.high) else "]"
        return f"{begin}{low}, {high}{end}" + (f", {self.remark}" if self.remark else "")


@dataclass(frozen=True, slots=True)
class Facts:
    """``module``: where it is computed, below ``evaluator``; ``reference``: whose it is, short."""

    module: str
    reference: str
    range: Range
    pitfalls: tuple[str, ...]


_GATYS = "Gatys et al. 2016"
_SIZE = "Grows with the number of features: compare at one picture size and protocol only."
_NETWORK = "Means nothing without its network: values of two protocols cannot be compared."
_IDENTITY = "The untouched content picture is perfect by it; read it beside a style metric."
_COPY = "The style picture itself is perfect by it; read it beside a content metric."
_OWN_BIAS = "Biased upwards at small N; compare equal numbers of outputs and references only."
_LPIPS = (
    _IDENTITY,
    "Three networks, three scales: papers that say LPIPS without a network mostly mean AlexNet.",
    "Says nothing of why a picture changed: a good style is a large distance too.",
)
_MANIFOLD = "Depends on k and on the numbers of outputs and references; compare equal ones only."
_MACHINE = "Depends on the machine and on what else it does: compare runs of one machine only."

_POSITIVE = Range()
_DISTANCE = Range(remark="mostly below 1")
_SHARE = Range(high=1)
_ANY = Range(-inf)

FACTS: Mapping[str, Facts] = MappingProxyType(
    {
        "total_loss": Facts(
            "metrics.total",
            _GATYS,
            _POSITIVE,
            (
                "α and β decide what wins: the order of entries may turn with them.",
                "It is what Gatys et al. minimise, so that methods which minimise it start ahead.",
            ),
        ),
        "content_loss": Facts("metrics.content", _GATYS, _POSITIVE, (_SIZE, _IDENTITY, _NETWORK)),
        "content_mse": Facts("metrics.content", "ours", _POSITIVE, (_IDENTITY, _NETWORK)),
        "content_rmse": Facts(
            "metrics.content",
            "ours",
            _POSITIVE,
            (_IDENTITY, _NETWORK, "A mean of roots: not the root of the mean content MSE."),
        ),
        "style_loss": Facts(
            "metrics.style",
            _GATYS,
            _POSITIVE,
            (
                _COPY,
                _NETWORK,
                "Of fourth order in the activations: a few vivid styles can rule the mean; look at "
                "the table by style.",
            ),
        ),
        "style_mse": Facts(
            "metrics.style", "after Johnson et al. 2016", _POSITIVE, (_COPY, _NETWORK)
        ),
        "style_rmse": Facts(
            "metrics.style",
            "ours",
            _POSITIVE,
            (_COPY, _NETWORK, "A mean of roots: not the root of the mean style MSE."),
        ),
        "mean_std_loss": Facts(
            "metrics.mean_std",
            "Huang and Belongie 2017",
            _POSITIVE,
            (
                _COPY,
                _NETWORK,
                "AdaIN is trained on it, so that AdaIN and its kin start ahead.",
                "Blind to which features occur together, and so to much of the brushwork.",
            ),
        ),
        "lpips_alex": Facts("metrics.lpips", "Zhang et al. 2018", _DISTANCE, _LPIPS),
        "lpips_squeeze": Facts("metrics.lpips", "Zhang et al. 2018", _DISTANCE, _LPIPS),
        "lpips_vgg": Facts("metrics.lpips", "Zhang et al. 2018", _DISTANCE, _LPIPS),
        "lpips_compact": Facts(
            "metrics.lpips",
            "ours, after Zhang et al. 2018",
            _DISTANCE,
            (
                _IDENTITY,
                "An imitation: never to be printed beside published LPIPS values.",
                _NETWORK,
            ),
        ),
        "cfsd": Facts(
            "metrics.cfsd",
            "Chung et al. 2024",
            _POSITIVE,
            (
                "A sum over positions: it grows with the picture; published values are of 512².",
                "Published values are of torchvision's VGG-19. Other weights need their scale, and "
                "the compact network has a quarter of its places: read its order alone.",
                _IDENTITY,
            ),
        ),
        "ssim": Facts(
            "metrics.ssim",
            "Wang et al. 2004",
            Range(-1, 1),
            (
                _IDENTITY,
                "On luminance: colours play no part. Papers that average over RGB differ.",
                "Strokes lower it as much as lost content does.",
            ),
        ),
        "colour_distance": Facts(
            "metrics.colour",
            "after Rabin et al. 2011",
            Range(remark="in CIELAB units"),
            (
                _COPY,
                "Moving colours alone (histogram matching) makes it small without any style.",
                "Styles of few colours are harder to reach on colourful contents.",
            ),
        ),
        "style_copy": Facts(
            "metrics.style_copy",
            "ours, after Li and Wand 2016",
            _SHARE,
            (
                "A check, not a quality: less is not better near 0. Of 95 outputs of seven "
                "published models 92 had 0 and none more than 0.008; a pasted square of 96 of 256 "
                "pixels has 0.085 and more.",
                "Copies that were scaled, turned, mirrored or blended in by half go unseen; JPEG "
                "of quality 75 hides a fifth to two fifths of the copied patches.",
                "Styles with repeated motifs (patterns, text) may be flagged without a copy.",
            ),
        ),
        "stylize_seconds": Facts(
            "conclusion", "measured", Range(remark="seconds", open_low=True), (_MACHINE,)
        ),
        "peak_memory": Facts(
            "sandbox.limits", "measured", Range(remark="MiB", open_low=True), (_MACHINE,)
        ),
        "fid": Facts(
            "metrics.fid",
            "Heusel et al. 2017",
            _POSITIVE,
            (
                _OWN_BIAS,
                "JPEG, resizing and colour depth of the pictures move it; the protocol fixes ours.",
            ),
        ),
        "sfid": Facts("backbones.inception_streams", "Nash et al. 2021", _POSITIVE, (_OWN_BIAS,)),
        "clean_fid": Facts(
            "backbones.clean_resizing",
            "Parmar et al. 2022",
            _POSITIVE,
            (_OWN_BIAS, "Not FID: the two must not stand in one column."),
        ),
        "fid_infinity": Facts(
            "metrics.fid_infinity",
            "Chong and Forsyth 2020",
            _ANY,
            (
                "Noisier than FID, and without an interval.",
                "Keeps the bias of the references.",
                "Far too low where its line begins below some 2.5 times the number of dimensions.",
            ),
        ),
        "kid": Facts(
            "metrics.kid",
            "Bińkowski et al. 2018",
            _ANY,
            ("Slightly below 0 for two samples of one distribution: that is no error.",),
        ),
        "kid_subsets": Facts(
            "metrics.kid",
            "Bińkowski et al. 2018",
            _ANY,
            ("Carries the noise of the draw; use it to compare with published numbers only.",),
        ),
        "precision": Facts(
            "metrics.precision_recall",
            "Kynkäänniemi et al. 2019",
            _SHARE,
            (_MANIFOLD, "One far reference picture can make room for anything."),
        ),
        "recall": Facts(
            "metrics.precision_recall",
            "Kynkäänniemi et al. 2019",
            _SHARE,
            (_MANIFOLD, "One far output can inflate it."),
        ),
        "density": Facts("metrics.density_coverage", "Naeem et al. 2020", _POSITIVE, (_MANIFOLD,)),
        "coverage": Facts("metrics.density_coverage", "Naeem et al. 2020", _SHARE, (_MANIFOLD,)),
        "memorisation_distance": Facts(
            "metrics.memorisation",
            "Bai et al. 2021",
            _SHARE,
            ("A small value alone proves no copying: alike pictures are near each other too.",),
        ),
        "mifid": Facts(
            "metrics.memorisation",
            "Bai et al. 2021",
            _POSITIVE,
            (_OWN_BIAS, "Jumps where the memorisation distance passes the threshold."),
        ),
        "lpips_fid": Facts(
            "metrics.lpips_fid",
            "the form of Wright and Ommer 2022",
            Range(1),
            (_OWN_BIAS, "Not ArtFID, whose Inception was trained on art: do not compare."),
        ),
        "fid_share": Facts(
            "metrics.guard_gap",
            "ours",
            _DISTANCE,
            ("Unsteady where contents and references are alike from the start.",),
        ),
        "fid_guard": Facts("metrics.guard_gap", "ours", _POSITIVE, (_OWN_BIAS, _NETWORK)),
        "fid_share_guard": Facts(
            "metrics.guard_gap",
            "ours",
            _DISTANCE,
            ("Unsteady where contents and references are alike from the start.",),
        ),
        "guard_gap": Facts(
            "metrics.guard_gap",
            "ours",
            _ANY,
            ("A check, not a quality: below 0 is not better than 0.",),
        ),
    }
)
