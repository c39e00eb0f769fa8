"""Scoring: extremes, exact repeatability, and independence of shards, order and cache."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from evaluator.backbones.onnx_graph import onnxruntime_version
from evaluator.datasets import Dataset, Pair
from evaluator.errors import ParticipantError, PlatformFault
from evaluator.images import PicturePolicy, decode
from evaluator.metrics.fid import frechet_distance
from evaluator.protocols import protocol
from evaluator.report import EntryInfo, Report
from evaluator.sandbox.limits import Usage
from evaluator.scoring import PairScore, RunInfo, Scorer, ShardResult, conclude
from evaluator.set_measures import Need
from tests.evaluator.tiny import tiny_dataset

Pixels = NDArray[np.uint8]

FULL = protocol("untrained-1")
QUICK = replace(
    FULL,
    name="quick",
    pictures=PicturePolicy(size=64),
    metrics=tuple(replace(spec, minimum=min(spec.minimum, 8)) for spec in FULL.metrics),
    bootstrap=replace(FULL.bootstrap, replicates=60, set_replicates=20),
)
ENTRY = EntryInfo(name="E", digest="e" * 64, runtime="onnx", size_bytes=1)
REFERENCE = Need("reference", "inception")
RUN = RunInfo(sandbox_rung="process", total_seconds=2.5, notices=("no full sandbox here",))


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("STYLEARENA_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("dataset") / "tiny", contents=4, styles=3)


@pytest.fixture(scope="module")
def scorer(dataset: Dataset) -> Scorer:
    warm = Scorer(QUICK)
    warm.prepare(dataset)
    return warm


def pictures(dataset: Dataset, pair: Pair) -> tuple[Pixels, Pixels]:
    content = decode(dataset.content.by_id(pair.content).path, QUICK.pictures)
    return content, decode(dataset.style.by_id(pair.style).path, QUICK.pictures)


def blend(share: float, content: Pixels, style: Pixels) -> Pixels:
    return np.round((1 - share) * content + share * style).astype(np.uint8)


def score(scorer: Scorer, dataset: Dataset, pair: Pair, share: float) -> PairScore:
    content, style = pictures(dataset, pair)
    return scorer.score(dataset, pair, content, style, blend(share, content, style))


def shard(scorer: Scorer, dataset: Dataset, pairs: tuple[Pair, ...], share: float) -> ShardResult:
    scores = [score(scorer, dataset, pair, share) for pair in pairs]
    return ShardResult(
        pair_ids=tuple(pair.id for pair in pairs),
        values={n: np.array([s.values[n] for s in scores]) for n in scores[0].values},
        features={n: np.stack([s.features[n] for s in scores]) for n in scores[0].features},
        seconds=np.arange(1.0, len(pairs) + 1),
        usage=Usage(peak_memory_bytes=1000 + len(pairs), cpu_seconds=None, startup_seconds=0.5),
    )


@pytest.fixture(scope="module")
def whole(scorer: Scorer, dataset: Dataset) -> ShardResult:
    return shard(scorer, dataset, dataset.pairs, 0.3)


@pytest.fixture(scope="module")
def report(whole: ShardResult, scorer: Scorer, dataset: Dataset) -> Report:
    return conclude([whole], dataset, scorer, entry=ENTRY, run=RUN)


def taken(whole: ShardResult, *indices: int) -> ShardResult:
    rows = np.array(indices)
    return replace(
        whole,
        pair_ids=tuple(whole.pair_ids[i] for i in indices),
        values={name: column[rows] for name, column in whole.values.items()},
        features={name: column[rows] for name, column in whole.features.items()},
        seconds=whole.seconds[rows],
    )


def numbers(report: Report) -> str:
    return report.model_dump_json(include={"overall", "styles", "pairs", "replicates", "refused"})


# A pair


def test_the_content_picture_itself_has_no_content_loss(scorer: Scorer, dataset: Dataset) -> None:
    for pair in dataset.pairs:
        values = score(scorer, dataset, pair, 0.0).values
        assert values["content_loss"] == values["content_rmse"] == 0
        assert values["style_loss"] > 0


def test_the_style_picture_itself_has_no_style_loss(scorer: Scorer, dataset: Dataset) -> None:
    for pair in dataset.pairs:
        values = score(scorer, dataset, pair, 1.0).values
        assert values["style_loss"] == values["style_rmse"] == 0
        assert values["content_loss"] > 0


def test_content_loss_grows_and_style_loss_falls_on_the_way(
    scorer: Scorer, dataset: Dataset
) -> None:
    steps = [score(scorer, dataset, dataset.pairs[0], share).values for share in (0, 0.4, 0.8, 1)]
    content, style = ([step[name] for step in steps] for name in ("content_loss", "style_loss"))
    assert content == sorted(content)
    assert style == sorted(style, reverse=True)


def test_the_total_is_made_of_both_losses(scorer: Scorer, dataset: Dataset) -> None:
    values = score(scorer, dataset, dataset.pairs[0], 0.5).values
    beta = QUICK.metric("total_loss").parameter("beta")
    assert isinstance(beta, float)
    assert values["total_loss"] == values["content_loss"] + beta * values["style_loss"]


def test_a_pair_has_a_value_for_each_metric_and_a_feature_row(
    scorer: Scorer, dataset: Dataset
) -> None:
    found = score(scorer, dataset, dataset.pairs[0], 0.5)
    assert found.values.keys() == {spec.name for spec in QUICK.metrics} - {"fid"}
    assert found.features["inception"].shape == (64,)
    assert found.features["inception"].dtype == np.float32


def test_values_do_not_depend_on_what_was_scored_before(scorer: Scorer, dataset: Dataset) -> None:
    first, *rest = dataset.pairs
    for pair in rest:
        score(scorer, dataset, pair, 0.9)
    cold = score(Scorer(QUICK), dataset, first, 0.3)
    warm = score(scorer, dataset, first, 0.3)
    assert cold.values == warm.values
    assert np.array_equal(cold.features["inception"], warm.features["inception"])


def test_a_pair_is_the_same_bits_for_any_number_of_threads(
    scorer: Scorer, dataset: Dataset
) -> None:
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(score(Scorer(QUICK), dataset, dataset.pairs[0], 0.3))
    finally:
        torch.set_num_threads(before)
    assert found[0].values == found[1].values
    assert np.array_equal(found[0].features["inception"], found[1].features["inception"])


def test_an_output_of_another_size_is_refused(scorer: Scorer, dataset: Dataset) -> None:
    pair = dataset.pairs[0]
    content, style = pictures(dataset, pair)
    with pytest.raises(ParticipantError, match=pair.id) as caught:
        scorer.score(dataset, pair, content, style, content[:-1])
    assert caught.value.code == "entry.wrong_shape"


def test_weights_are_reported_with_their_whole_digests(scorer: Scorer) -> None:
    assert scorer.weights == QUICK.weights


def test_a_protocol_without_set_metrics_needs_no_features(dataset: Dataset) -> None:
    pairs_only = tuple(spec for spec in QUICK.metrics if spec.name != "fid")
    lean = Scorer(replace(QUICK, metrics=pairs_only, backbones=QUICK.backbones[:1]))
    assert score(lean, dataset, dataset.pairs[0], 0.3).features == {}


def test_a_total_without_its_losses_is_refused() -> None:
    with pytest.raises(ValueError, match="total loss"):
        Scorer(replace(QUICK, metrics=QUICK.metrics[:1]))


# Targets and their cache


def test_targets_are_found_again_on_disk(dataset: Dataset, own_cache: Path) -> None:
    Scorer(QUICK).prepare(dataset)
    seen: list[int] = []
    Scorer(QUICK).prepare(dataset, lambda done, _total: seen.append(done))
    assert seen == []


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a zip", b"truncated"])
def test_a_damaged_cache_costs_time_only(
    dataset: Dataset, whole: ShardResult, own_cache: Path, damage: bytes
) -> None:
    Scorer(QUICK).prepare(dataset)
    for path in (own_cache / "targets").iterdir():
        path.write_bytes(path.read_bytes()[:-300] if damage == b"truncated" else damage)
    again = score(Scorer(QUICK), dataset, dataset.pairs[0], 0.3)
    assert again.values == {name: column[0] for name, column in whole.values.items()}
    seen: list[int] = []
    Scorer(QUICK).prepare(dataset, lambda done, _total: seen.append(done))
    assert seen == [], "the cache was not mended"


def test_a_cache_that_cannot_be_written_costs_time_only(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path / "file"))
    Scorer(QUICK).prepare(dataset)


def test_progress_counts_every_picture(dataset: Dataset) -> None:
    seen: list[tuple[int, int]] = []
    other = replace(QUICK, digits=5)
    Scorer(other).prepare(dataset, lambda done, total: seen.append((done, total)))
    assert seen == [(done, 3) for done in range(1, 4)], "styles are the reference set too"


# The conclusion


def test_overall_scores_are_means_over_pairs(report: Report, whole: ShardResult) -> None:
    for name, column in whole.values.items():
        assert report.overall[name].value == column.mean()
        assert report.overall[name].n == 12


def test_fid_is_that_of_all_outputs_to_the_reference(
    report: Report, whole: ShardResult, scorer: Scorer, dataset: Dataset
) -> None:
    expected = frechet_distance(
        whole.features["inception"], scorer.reference_rows(dataset, REFERENCE)
    )
    assert report.overall["fid"].value == expected


def test_every_score_lies_in_its_interval(report: Report) -> None:
    for score in report.overall.values():
        assert score.low is not None
        assert score.high is not None
        assert score.low <= score.value <= score.high


def test_replicates_are_kept_for_every_score(report: Report) -> None:
    lengths = {name: len(values) for name, values in report.replicates.items()}
    assert lengths == {name: 20 if name == "fid" else 60 for name in report.overall}


@pytest.mark.parametrize(
    "cut",
    [
        [range(12)],
        [range(5), range(5, 12)],
        [[11], range(4, 11), [3, 1, 2, 0]],
        [[i] for i in reversed(range(12))],
    ],
)
def test_the_report_is_the_same_for_any_shards_in_any_order(
    cut: list[range], whole: ShardResult, scorer: Scorer, dataset: Dataset, report: Report
) -> None:
    shards = [taken(whole, *part) for part in cut]
    other = conclude(shards, dataset, scorer, entry=ENTRY, run=RUN)
    assert numbers(other) == numbers(report)


def test_styles_are_summed_up_with_their_families(report: Report, whole: ShardResult) -> None:
    assert [(style.style, style.family, style.n) for style in report.styles] == [
        (f"s{i}", f"family-{i}", 4) for i in range(3)
    ]
    mine = [pair.values["style_loss"] for pair in report.pairs if pair.style == "s1"]
    assert report.styles[1].scores["style_loss"] == pytest.approx(np.mean(mine))


def test_provenance_names_all_that_the_numbers_depend_on(report: Report, dataset: Dataset) -> None:
    facts = report.provenance
    assert facts.protocol_digest == QUICK.digest()
    assert facts.dataset_digest == dataset.digest
    assert facts.weights == QUICK.weights
    assert facts.seed == QUICK.bootstrap.seed
    assert (facts.device, facts.sandbox_rung) == ("cpu", "process")
    assert facts.torch_version == torch.__version__
    assert facts.onnxruntime_version == onnxruntime_version()


def test_notices_are_passed_on(report: Report) -> None:
    assert report.notices[0] == QUICK.notice
    assert "no full sandbox here" in report.notices
    assert any("only 3 pictures" in notice for notice in report.notices)


def test_timings_take_the_worst_of_the_shards(
    whole: ShardResult, scorer: Scorer, dataset: Dataset
) -> None:
    slow = replace(taken(whole, *range(6)), usage=Usage(None, 1.0, 3.0))
    rest = taken(whole, *range(6, 12))
    timings = conclude([slow, rest], dataset, scorer, entry=ENTRY, run=RUN).timings
    assert (timings.startup_seconds, timings.peak_memory_bytes) == (3.0, 1012)
    assert (timings.total_seconds, timings.stylize_seconds) == (2.5, 6.5)


@pytest.mark.parametrize("indices", [range(11), [*range(12), 3]])
def test_pairs_that_are_missing_or_double_are_refused(
    indices: list[int], whole: ShardResult, scorer: Scorer, dataset: Dataset
) -> None:
    with pytest.raises(PlatformFault, match="__") as caught:
        conclude([taken(whole, *indices)], dataset, scorer, entry=ENTRY, run=RUN)
    assert caught.value.code == "shards.incomplete"


def test_pairs_of_another_dataset_are_refused(
    whole: ShardResult, scorer: Scorer, dataset: Dataset
) -> None:
    stray = replace(taken(whole, 0), pair_ids=("x__y",))
    with pytest.raises(PlatformFault, match="x__y"):
        conclude([whole, stray], dataset, scorer, entry=ENTRY, run=RUN)


def test_no_shards_at_all_are_refused(scorer: Scorer, dataset: Dataset) -> None:
    with pytest.raises(PlatformFault, match="missing"):
        conclude([], dataset, scorer, entry=ENTRY, run=RUN)


@pytest.mark.parametrize("where", ["values", "features"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_entry_without_finite_scores_is_refused(
    where: str, bad: float, whole: ShardResult, scorer: Scorer, dataset: Dataset
) -> None:
    columns = {name: column.copy() for name, column in getattr(whole, where).items()}
    next(iter(columns.values()))[7] = bad
    with pytest.raises(ParticipantError, match=dataset.pairs[7].id) as caught:
        conclude([replace(whole, **{where: columns})], dataset, scorer, entry=ENTRY, run=RUN)
    assert caught.value.code == "entry.not_finite"


def test_a_metric_that_the_pairs_cannot_support_is_refused_with_its_reason(
    whole: ShardResult, dataset: Dataset
) -> None:
    strict = Scorer(replace(QUICK, metrics=FULL.metrics))
    report = conclude([whole], dataset, strict, entry=ENTRY, run=RUN)
    assert "fid" not in report.overall
    assert report.refused == {
        "fid": "FID needs at least 64 pairs under this protocol, but there are 12."
    }
    assert "fid" not in report.replicates


def test_fid_of_the_reference_set_itself_is_0(scorer: Scorer, dataset: Dataset) -> None:
    rows = scorer.reference_rows(dataset, REFERENCE)
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-9)


# Shards on disk


def test_a_shard_is_read_back_as_it_was(whole: ShardResult, tmp_path: Path) -> None:
    whole.save(tmp_path / "shard.bin")
    read = ShardResult.load(tmp_path / "shard.bin")
    assert read.pair_ids == whole.pair_ids
    assert read.usage == whole.usage
    for name, column in whole.values.items():
        assert np.array_equal(read.values[name], column)
    assert read.features["inception"].dtype == np.float32
    assert np.array_equal(read.features["inception"], whole.features["inception"])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04."])
def test_a_shard_that_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "shard.npz").write_bytes(content)
    with pytest.raises(PlatformFault) as caught:
        ShardResult.load(tmp_path / "shard.npz")
    assert caught.value.code == "shard.unreadable"


def test_the_device_of_a_scorer_must_be_there() -> None:
    with pytest.raises(ParticipantError) as caught:
        Scorer(QUICK, device="cuda:99")
    assert caught.value.code == "device.unavailable"
