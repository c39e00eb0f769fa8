"""Ready specs of the metrics of whole sets beyond FID, for protocols to hold.

One place for their parameters and for the least number of pairs that each is printed for, so that
two protocols mean the same by the same metric. Light.

The minima, where the metric itself does not dictate one: an unbiased estimate (KID) is printed from
the number on where its noise is less than what it tells methods apart by; a manifold of k = 5
neighbours from the number on where its balls are small beside the whole set; whatever is made of
FID from FID's own minimum on; FID∞ from twice the number that its line begins at. References count
like outputs where both are samples: KID and the manifold's four ask for the same number of them.
"""

from dataclasses import replace

from evaluator.specs import BackboneSpec, MetricSpec

__all__ = [
    "FROM_BOTH_SIDES",
    "NEIGHBOURS",
    "fid_share",
    "guard",
    "lpips_fid",
    "mifid",
    "published_forms",
    "set_metrics",
]

NEIGHBOURS = 5
"""k of precision, recall, density and coverage: prdc's own example, Naeem et al. 2020."""

KID_MINIMUM = 50
MANIFOLD_MINIMUM = 64
MEMORISATION_MINIMUM = 2

FID_INFINITY_SMALLEST = 5000
"""Chong and Forsyth's own: with fewer than some 2.5 times as many as Inception's features have
dimensions, FID is no line in 1/N yet, and what is extrapolated lies far too low."""

FROM_BOTH_SIDES = frozenset({"kid", "kid_subsets", "precision", "recall", "density", "coverage"})
"""They take outputs and references as two samples alike: their minimum is of both."""

SEED = 2020
"""Of the subsets that are drawn: torch-fidelity's default."""


def set_metrics() -> tuple[MetricSpec, ...]:
    """KID, the four of the manifold and the memorisation distance."""
    k = (("k", NEIGHBOURS),)
    manifold = ("precision", "recall", "density", "coverage")
    return (
        MetricSpec("kid", minimum=KID_MINIMUM),
        *(MetricSpec(name, k, minimum=MANIFOLD_MINIMUM) for name in manifold),
        MetricSpec("memorisation_distance", minimum=MEMORISATION_MINIMUM),
    )


def mifid(*, minimum: int) -> MetricSpec:
    """MiFID with the threshold of the Kaggle competition (Bai et al. 2021), which is one for
    Inception's 2,048 features."""
    return MetricSpec("mifid", (("threshold", 0.1),), minimum=minimum)


def fid_share(*, minimum: int) -> MetricSpec:
    """The share of FID that is left."""
    return MetricSpec("fid_share", minimum=minimum)


def published_forms(*, minimum: int) -> tuple[MetricSpec, ...]:
    """FID and KID in other forms that papers print, each with its reference's own parameters."""
    return (
        MetricSpec("sfid", minimum=minimum),
        MetricSpec("clean_fid", minimum=minimum),
        MetricSpec(
            "fid_infinity",
            (("points", 15), ("smallest", FID_INFINITY_SMALLEST), ("seed", SEED)),
            2 * FID_INFINITY_SMALLEST,
        ),
        MetricSpec("kid_subsets", (("subsets", 100), ("size", 1000), ("seed", SEED)), 1000),
    )


def lpips_fid(network: str, *, minimum: int) -> MetricSpec:
    """(1 + LPIPS)(1 + FID); the protocol must hold LPIPS by that network, and FID."""
    return MetricSpec("lpips_fid", (("network", network),), minimum=minimum)


def guard(
    backbone: BackboneSpec, *, dims: int, minimum: int
) -> tuple[BackboneSpec, tuple[MetricSpec, ...]]:
    """An Inception as guard, to its block of ``dims`` channels, and its metrics; the protocol must
    hold ``fid_share`` too."""
    specs = (
        MetricSpec("fid_guard", (("dims", dims),), minimum=minimum),
        MetricSpec("fid_share_guard", minimum=minimum),
        MetricSpec("guard_gap", minimum=minimum),
    )
    return replace(backbone, role="inception-guard"), specs
