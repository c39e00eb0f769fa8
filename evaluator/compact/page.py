"""The page of figures: how well the compact networks imitate the real ones, and how fast."""

from collections.abc import Sequence

from evaluator.compact.correlation import (
    Agreement,
    SetAgreement,
    agreement_of,
    fid_agreement,
)
from evaluator.compact.heldout import HeldOut
from evaluator.compact.judging import Judgement, Speed
from evaluator.compact.shipped import SHIPPED
from evaluator.metrics.catalogue import metric_info

__all__ = ["METRICS", "TARGETS", "figures", "page"]

METRICS = (
    "content_loss",
    "style_loss",
    "total_loss",
    "lpips_compact",
    "mean_std_loss",
    "cfsd",
)
TARGETS = {
    "content_loss": 0.95,
    "style_loss": 0.95,
    "lpips_compact": 0.95,
    "fid": 0.9,
    "speed-up": 8.0,
}
MIB = 1 << 20


def figures(real: Judgement, compact: Judgement, speed: Speed) -> dict[str, float]:
    """What ``TARGETS`` are about: Spearman's ρ over all pictures or sets, and the speed-up."""
    found = {metric: agreement_of(metric, real, compact).overall for metric in METRICS}
    return found | {
        "fid": fid_agreement(real, compact).overall,
        "speed-up": speed.times,
    }


def page(pictures: HeldOut, real: Judgement, compact: Judgement, speed: Speed) -> str:
    """Markdown."""
    rows = [agreement_of(metric, real, compact) for metric in METRICS]
    sets = fid_agreement(real, compact)
    parts = [_opening(pictures), _agreement(rows), _fid(sets, pictures), _speed(speed)]
    return "\n".join([*parts, _methods(real, compact)])


def _opening(pictures: HeldOut) -> str:
    size = sum(file.size for file in SHIPPED.values()) / MIB
    digests = ", ".join(f"{name} `{file.sha256[:12]}`" for name, file in SHIPPED.items())
    methods = sorted({name.rpartition(" ")[0] for name in pictures.outputs})
    return f"""# How well the compact protocols imitate the standard networks

Written by `python -m evaluator.compact evaluate`.

The three networks of `compact-1`, `compact-guarded-1` and `compact-full-1`
({size:.1f} MiB in all: {digests})
were trained to give what VGG-19, SqueezeNet-LPIPS and FID's Inception (Mixed_6e, 768 dimensions)
give. Here both judge the same {pictures.pictures} outputs: {pictures.judged} pairs of
photographs and paintings, stylised by {", ".join(methods)}
at several strengths. No photograph, painting or model of these was used in training; the
fast-neural-style models share their architecture with three others that were. Values of the two
cannot be compared, only their order.
"""


def _agreement(rows: Sequence[Agreement]) -> str:
    head = """## Pictures

Spearman's ρ with the metric by real features: over all pictures; among the outputs of one pair
(mean over pairs); among the methods' means. 95 % interval: of the first, pairs and methods, each
with all of its strengths, resampled. Factor: median of the compact over the real value.

| metric | pictures | all | within a pair | methods | 95 % interval (all) | target (all) | factor |
|---|---|---|---|---|---|---|---|
"""
    return head + "".join(
        f"| {metric_info(row.metric).title} | {row.pictures} | {row.overall:.3f} | "
        f"{row.within:.3f} | {row.methods:.3f} | {_span(row.interval)} | "
        f"{TARGETS.get(row.metric, '–')} | {row.factor:.3g} |\n"
        for row in rows
    )


def _fid(found: SetAgreement, pictures: HeldOut) -> str:
    return f"""## Sets

FID of {found.sets} sets of {len(pictures.contents)} outputs, each of one method at one strength,
against {len(pictures.references)} real works:
Spearman's ρ with FID-768 **{found.overall:.3f}** ({_span(found.interval)}, methods resampled;
target {TARGETS["fid"]}), factor {found.factor:.3g}.
"""


def _span(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{low:.3f} – {high:.3f}"


def _speed(speed: Speed) -> str:
    return f"""## Speed

Networks and metrics of one output by `compact-1`, one thread, without decoding, processor time, the
two in turns: {speed.real:.3f} s by the real networks, {speed.compact:.3f} s by the compact ones,
**{speed.times:.1f} times** faster (target {TARGETS["speed-up"]:g}; medians). With SSIM and colour
distance, which need no network and cost both the same, {speed.whole:.1f} times.
"""


def _methods(real: Judgement, compact: Judgement) -> str:
    head = """## Method by method

Means over the pairs, real and compact; FID of the sets.

| outputs | content | | style | | LPIPS | | FID | |
|---|---|---|---|---|---|---|---|---|
"""
    return head + "".join(_method(name, real, compact) for name in real.fid)


def _method(name: str, real: Judgement, compact: Judgement) -> str:
    cells = []
    for theirs, ours in (
        ("content_loss", "content_loss"),
        ("style_loss", "style_loss"),
        ("lpips_squeeze", "lpips_compact"),
    ):
        cells += [real.values[name][theirs].mean(), compact.values[name][ours].mean()]
    cells += [real.fid[name], compact.fid[name]]
    return f"| {name} | {' | '.join(f'{value:.4g}' for value in cells)} |\n"
