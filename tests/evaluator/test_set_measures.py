"""Set metrics in a run: every one through the scorer, the report and a second, guarding network."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from evaluator.backbones.seeded import make
from evaluator.backbones.weights import sha256_of
from evaluator.datasets import Dataset
from evaluator.images import PicturePolicy, decode
from evaluator.protocols import (
    BackboneSpec,
    Bootstrap,
    MetricSpec,
    Protocol,
    WeightsRef,
    metrics_of,
    protocol,
    protocol_names,
)
from evaluator.report import EntryInfo, Report
from evaluator.sandbox.limits import Usage
from evaluator.scoring import RunInfo, Scorer, ShardResult, conclude
from evaluator.set_measures import set_measure
from evaluator.set_specs import FROM_BOTH_SIDES
from tests.evaluator.tiny import tiny_dataset

ENTRY = EntryInfo(name="E", digest="e" * 64, runtime="onnx", size_bytes=1)
RUN = RunInfo(sandbox_rung="process", total_seconds=1.0)
K = (("k", 2),)
SPECS = (
    *metrics_of(beta=1.0, fid_dims=64, fid_minimum=8),
    MetricSpec("clean_fid"),
    MetricSpec("fid_infinity", (("points", 4), ("smallest", 4), ("seed", 1))),
    MetricSpec("kid"),
    MetricSpec("kid_subsets", (("subsets", 5), ("size", 4), ("seed", 1))),
    *(MetricSpec(name, K) for name in ("precision", "recall", "density", "coverage")),
    MetricSpec("memorisation_distance"),
    MetricSpec("mifid", (("threshold", 0.5),)),
    MetricSpec("fid_share"),
    MetricSpec("fid_guard"),
    MetricSpec("fid_share_guard"),
    MetricSpec("guard_gap"),
)
SETS = {spec.name for spec in SPECS[8:]} | {"fid"}


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a second Inception's stem: the first one's with other channels and signs."""
    folder = tmp_path_factory.mktemp("weights")
    state = {
        name: torch.from_numpy(-values[:, ::-1].copy() if values.ndim > 1 else values)
        for name, values in make("seeded-inception-stem").items()
    }
    torch.save(state, folder / "guard.pth")
    return folder


@pytest.fixture(scope="module")
def guarded(weights: Path) -> Protocol:
    guard = BackboneSpec(
        role="inception-guard",
        architecture="inception-v3-2015-12-05",
        weights=WeightsRef("guard.pth", sha256_of(weights / "guard.pth")),
        preprocessing="fid",
    )
    full = protocol("untrained-1")
    return replace(
        full,
        name="guarded",
        pictures=PicturePolicy(size=64),
        backbones=(*full.backbones, guard),
        metrics=SPECS,
        bootstrap=Bootstrap(replicates=40, set_replicates=20),
    )


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("dataset") / "tiny", contents=4, styles=5)


@pytest.fixture(scope="module")
def scorer(guarded: Protocol, weights: Path, dataset: Dataset) -> Scorer:
    warm = Scorer(guarded, weights_dir=weights)
    warm.prepare(dataset)
    return warm


def pictures(dataset: Dataset, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    pair, policy = dataset.pairs[index], PicturePolicy(size=64)
    content = decode(dataset.content.by_id(pair.content).path, policy)
    return content, decode(dataset.style.by_id(pair.style).path, policy)


def shard(scorer: Scorer, dataset: Dataset, share: float) -> ShardResult:
    """All pairs, their outputs that share of the way from content to style."""
    scores = []
    for index, pair in enumerate(dataset.pairs):
        content, style = pictures(dataset, index)
        output = np.round((1 - share) * content + share * style).astype(np.uint8)
        scores.append(scorer.score(dataset, pair, content, style, output))
    return ShardResult(
        pair_ids=tuple(pair.id for pair in dataset.pairs),
        values={n: np.array([s.values[n] for s in scores]) for n in scores[0].values},
        features={n: np.stack([s.features[n] for s in scores]) for n in scores[0].features},
        seconds=np.ones(len(scores)),
        usage=Usage(peak_memory_bytes=1, cpu_seconds=None, startup_seconds=0.5),
    )


def concluded(scorer: Scorer, dataset: Dataset, *shards: ShardResult) -> Report:
    return conclude(shards, dataset, scorer, entry=ENTRY, run=RUN)


@pytest.fixture(scope="module")
def whole(scorer: Scorer, dataset: Dataset) -> ShardResult:
    return shard(scorer, dataset, 0.3)


@pytest.fixture(scope="module")
def report(scorer: Scorer, dataset: Dataset, whole: ShardResult) -> Report:
    return concluded(scorer, dataset, whole)


@pytest.fixture(scope="module")
def copied(scorer: Scorer, dataset: Dataset) -> ShardResult:
    return shard(scorer, dataset, 1.0)


@pytest.fixture(scope="module")
def copies(scorer: Scorer, dataset: Dataset, copied: ShardResult) -> Report:
    return concluded(scorer, dataset, copied)


@pytest.fixture(scope="module")
def untouched(scorer: Scorer, dataset: Dataset) -> Report:
    return concluded(scorer, dataset, shard(scorer, dataset, 0.0))


def test_every_set_metric_is_found(report: Report) -> None:
    assert report.refused == {}
    assert report.overall.keys() >= SETS


def test_all_but_fid_infinity_have_an_interval_around_the_value(report: Report) -> None:
    for name in SETS - {"fid_infinity"}:
        score = report.overall[name]
        assert score.low is not None, name
        assert score.high is not None, name
        assert score.low <= score.value <= score.high, name
        assert len(report.replicates[name]) == 20, name
    assert report.overall["fid_infinity"].low is None


def test_outputs_hold_only_the_streams_that_are_needed(whole: ShardResult) -> None:
    shapes = {stream: rows.shape for stream, rows in whole.features.items()}
    streams = ("inception", "inception-clean", "inception-guard")
    assert shapes == dict.fromkeys(streams, (20, 64))


def test_networks_of_another_stream_see_something_else(whole: ShardResult) -> None:
    rows = list(whole.features.values())
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert not np.allclose(rows[a], rows[b], rtol=1e-3)


def test_shards_in_any_order_give_the_same_set_metrics(
    scorer: Scorer, dataset: Dataset, whole: ShardResult, report: Report
) -> None:
    halves = [
        replace(
            whole,
            pair_ids=tuple(whole.pair_ids[i] for i in part),
            values={name: column[part] for name, column in whole.values.items()},
            features={name: rows[part] for name, rows in whole.features.items()},
            seconds=whole.seconds[part],
        )
        for part in (list(range(19, 7, -1)), list(range(8)))
    ]
    again = concluded(scorer, dataset, *halves)
    assert again.overall == report.overall
    assert again.replicates == report.replicates


def test_targets_of_every_stream_are_found_again_on_disk(
    guarded: Protocol, weights: Path, dataset: Dataset, scorer: Scorer
) -> None:
    seen: list[int] = []
    Scorer(guarded, weights_dir=weights).prepare(dataset, lambda done, _total: seen.append(done))
    assert seen == []


@pytest.mark.parametrize("name", ["fid", "clean_fid", "kid", "fid_share_guard"])
def test_distances_of_sets_fall_on_the_way_to_the_styles(
    name: str, copies: Report, report: Report, untouched: Report
) -> None:
    found = [each.overall[name].value for each in (copies, report, untouched)]
    assert found == sorted(found)
    assert len(set(found)) == 3


def test_copies_of_the_styles_are_memorised(copies: Report, report: Report) -> None:
    """FID alone would rank them first."""
    assert copies.overall["fid"].value < report.overall["fid"].value
    assert copies.overall["memorisation_distance"].value == pytest.approx(0, abs=1e-9)
    assert copies.overall["mifid"].value > 1e3 * report.overall["mifid"].value


def test_the_contents_leave_all_of_fid_by_both_networks(untouched: Report) -> None:
    """Each content once for each style: the same mean, a covariance over more pairs."""
    found = untouched.overall
    assert found["fid_share"].value == pytest.approx(1, rel=0.05)
    assert found["guard_gap"].value == pytest.approx(0, abs=0.05)


def test_the_guard_sees_what_wins_in_the_first_network_s_eyes_alone(
    scorer: Scorer, dataset: Dataset, whole: ShardResult, copied: ShardResult, report: Report
) -> None:
    """An entry that moves the first network's features onto the reference, and no other's."""
    mine = copied.features["inception"]
    cheat = replace(whole, features=whole.features | {"inception": mine})
    found = concluded(scorer, dataset, cheat).overall
    gap, low = found["guard_gap"], found["guard_gap"].low
    assert low is not None
    assert gap.value > report.overall["guard_gap"].value + 0.2
    assert low > 0


def test_composites_are_made_of_what_the_report_shows(report: Report) -> None:
    value = {name: score.value for name, score in report.overall.items()}
    assert value["guard_gap"] == value["fid_share_guard"] - value["fid_share"]
    assert value["mifid"] >= value["fid"]


def test_families_are_summed_up(report: Report, dataset: Dataset) -> None:
    assert [family.family for family in report.families] == list(dataset.families)
    assert sum(family.n for family in report.families) == len(report.pairs)
    first = report.families[0]
    mine = [style for style in report.styles if style.family == first.family]
    assert first.scores["style_loss"] == pytest.approx(mine[0].scores["style_loss"])


def without(guarded: Protocol, *specs: MetricSpec) -> Protocol:
    return replace(guarded, metrics=(*SPECS[:8], *specs))


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (MetricSpec("coverage", (("k", 5),)), "Coverage needs a style reference set of at least 6"),
        (MetricSpec("recall", (("k", 20),)), "Recall needs more than 20 pairs"),
        (MetricSpec("kid", minimum=50), "KID needs at least 50 pairs under this protocol"),
        (
            MetricSpec("kid_subsets", (("subsets", 5), ("size", 6), ("seed", 1))),
            "KID subsets needs a style reference set of at least 6 pictures",
        ),
    ],
)
def test_what_the_sample_cannot_support_is_refused(
    spec: MetricSpec,
    sentence: str,
    guarded: Protocol,
    weights: Path,
    dataset: Dataset,
    whole: ShardResult,
) -> None:
    strict = Scorer(without(guarded, spec), weights_dir=weights)
    report = concluded(strict, dataset, whole)
    assert report.refused[spec.name].startswith(sentence)
    assert spec.name not in report.overall


def test_a_composite_of_a_refused_metric_is_refused(
    guarded: Protocol, weights: Path, dataset: Dataset, whole: ShardResult
) -> None:
    specs = (
        MetricSpec("memorisation_distance", minimum=99),
        MetricSpec("mifid", (("threshold", 0.1),)),
    )
    report = concluded(Scorer(without(guarded, *specs), weights_dir=weights), dataset, whole)
    assert report.refused["mifid"] == "MiFID needs Memorisation, which is refused."


def test_a_composite_without_its_parts_is_no_protocol(guarded: Protocol, weights: Path) -> None:
    with pytest.raises(ValueError, match="Guard gap needs fid_share"):
        Scorer(without(guarded, MetricSpec("guard_gap")), weights_dir=weights)


def test_metrics_of_different_blocks_are_no_protocol(guarded: Protocol, weights: Path) -> None:
    with pytest.raises(ValueError, match=r"\[64, 192\]"):
        Scorer(without(guarded, MetricSpec("kid", (("dims", 192),))), weights_dir=weights)


def test_the_spatial_layer_needs_a_network_that_reaches_it(
    guarded: Protocol, weights: Path
) -> None:
    with pytest.raises(ValueError, match="sFID needs a block of 768"):
        Scorer(without(guarded, MetricSpec("sfid")), weights_dir=weights)


@pytest.mark.parametrize("name", protocol_names())
def test_the_minimum_is_of_references_too_where_both_sides_are_samples(name: str) -> None:
    for spec in protocol(name).metrics:
        measure = set_measure(spec)
        if measure and spec.minimum > 2:
            both = spec.name in FROM_BOTH_SIDES
            assert (measure.references >= spec.minimum) == both, spec.name
