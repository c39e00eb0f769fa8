"""Factories for the tests of runs: a dataset of waves on disk and entries of a few ONNX nodes."""

import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from evaluator.datasets import Dataset, load_dataset
from evaluator.images import PicturePolicy, encode_png
from evaluator.protocols import Protocol, protocol, register_protocol
from evaluator.report import (
    EntryInfo,
    PairScores,
    Provenance,
    Report,
    Score,
    StyleScores,
    Timings,
)

SIDE = 96


def waves(seed: int, *, fastest: float = 12.0, side: int = SIDE) -> NDArray[np.uint8]:
    """A picture of coloured waves, uint8 [side, side, 3]; the faster, the more texture."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / side
    picture = np.zeros((side, side, 3))
    for _ in range(5):
        across, down, phase = random.uniform(-fastest, fastest, 3)
        picture += np.cos(across * x + down * y + phase)[..., None] * random.uniform(-1, 1, 3)
    picture -= picture.min()
    return np.round(255 * picture / picture.max()).astype(np.uint8)


def tiny_dataset(folder: Path, *, contents: int = 2, styles: int = 2) -> Dataset:
    """A dataset folder of ``contents`` × ``styles`` pairs; style pictures have a family each.

    Contents are pale and styles are vivid, so that a blend of both lies between them for a Gram
    matrix too: of two equally vivid pictures it is paler than either.
    """
    (folder / "content").mkdir(parents=True)
    for index in range(contents):
        (folder / "content" / f"c{index}.png").write_bytes(encode_png(96 + waves(index) // 4))
    for index in range(styles):
        family = folder / "style" / f"family-{index}"
        family.mkdir(parents=True)
        (family / f"s{index}.png").write_bytes(encode_png(waves(100 + index, fastest=80.0)))
    (folder / "dataset.toml").write_text(
        'name = "tiny"\nversion = "1"\ntitle = "Tiny"\nlicence = "CC0-1.0"\n'
    )
    return load_dataset(folder)


def small_protocol() -> Protocol:
    """``untrained-1`` made quick: pictures of 64², FID from 8 pairs on, few replicates."""
    full = protocol("untrained-1")
    metrics = tuple(replace(spec, minimum=min(spec.minimum, 8)) for spec in full.metrics)
    return register_protocol(
        replace(
            full,
            name="small",
            pictures=PicturePolicy(size=64),
            metrics=metrics,
            bootstrap=replace(full.bootstrap, replicates=100, set_replicates=10),
        )
    )


def _model(nodes: list[onnx.NodeProto], initializers: list[onnx.TensorProto]) -> bytes:
    shape = ["n", 3, "h", "w"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name in ("content", "style")
    ]
    output = helper.make_tensor_value_info("stylized", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "tiny", inputs, [output], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def identity(path: Path) -> Path:
    """An entry whose output is the content."""
    path.write_bytes(_model([helper.make_node("Identity", ["content"], ["stylized"])], []))
    return path


def style_copy(path: Path) -> Path:
    """An entry whose output is the style picture (of the content's size in our datasets)."""
    path.write_bytes(_model([helper.make_node("Identity", ["style"], ["stylized"])], []))
    return path


def blend(path: Path, weight: float) -> Path:
    """An entry whose output is ``(1 - weight)·content + weight·style``."""
    nodes = [
        helper.make_node("Sub", ["style", "content"], ["difference"]),
        helper.make_node("Mul", ["difference", "weight"], ["scaled"]),
        helper.make_node("Add", ["content", "scaled"], ["stylized"]),
    ]
    value = helper.make_tensor("weight", TensorProto.FLOAT, [], [weight])
    path.write_bytes(_model(nodes, [value]))
    return path


def half_size(path: Path) -> Path:
    """A faulty entry: its output is half as wide and high as the content."""
    path.write_bytes(
        _model(
            [
                helper.make_node(
                    "AveragePool", ["content"], ["stylized"], kernel_shape=[2, 2], strides=[2, 2]
                )
            ],
            [],
        )
    )
    return path


def python_entry(path: Path, source: str, *, name: str = "Tiny") -> Path:
    """A Python entry: ``source`` defines ``load(device)``."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "entry.toml", f'name = "{name}"\nruntime = "python"\nentry = "tiny_method:load"\n'
        )
        archive.writestr("tiny_method.py", source)
    return path


PAIR_METRICS = ("total_loss", "content_loss", "style_loss", "content_mse")


def _pair_scores(dataset: Dataset, random: np.random.Generator) -> list[PairScores]:
    content, style = random.gamma(3.0, 20.0, len(dataset.pairs)), random.gamma(2.0, 30.0, 999)
    return [
        PairScores(
            pair=pair.id,
            content=pair.content,
            style=pair.style,
            values=dict(
                zip(PAIR_METRICS, (c + 10 * s, c, s, c / 1000), strict=True)  # α = 1, β = 10
            ),
            seconds=0.01,
        )
        for pair, c, s in zip(dataset.pairs, content.tolist(), style.tolist(), strict=False)
    ]


def _style_scores(dataset: Dataset, pairs: list[PairScores]) -> list[StyleScores]:
    return [
        StyleScores(
            style=picture.id,
            family=picture.family,
            n=len(dataset.content),
            scores={
                name: float(np.mean([p.values[name] for p in pairs if p.style == picture.id]))
                for name in PAIR_METRICS
            },
        )
        for picture in dataset.style
    ]


def report_of(
    dataset: Dataset, *, seed: int = 0, name: str = "Tiny method", **entry: object
) -> Report:
    """A complete report with seeded values, as a run on ``dataset`` would leave it."""
    random = np.random.default_rng(seed)
    pairs = _pair_scores(dataset, random)
    means = {name: float(np.mean([p.values[name] for p in pairs])) for name in PAIR_METRICS}
    resampled = {
        name: (mean * random.normal(1.0, 0.05, 200)).tolist() for name, mean in means.items()
    }
    return Report(
        created_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        entry=EntryInfo.model_validate(
            {"name": name, "digest": "ab" * 32, "runtime": "onnx", "size_bytes": 4096} | entry
        ),
        provenance=Provenance(
            protocol="untrained-1",
            protocol_digest=protocol("untrained-1").digest(),
            dataset=dataset.name,
            dataset_version=dataset.version,
            dataset_digest=dataset.digest,
            evaluator_version="0.1.0",
            weights=protocol("untrained-1").weights,
            sandbox_rung="bubblewrap",
            device="cpu",
            torch_version="2.15.0",
            seed=1,
        ),
        overall={
            name: Score(value=mean, low=0.9 * mean, high=1.1 * mean, n=len(pairs))
            for name, mean in means.items()
        },
        refused={"fid": f"{len(pairs)} pairs are too few for it; at least 128 are needed."},
        styles=_style_scores(dataset, pairs),
        pairs=pairs,
        replicates=resampled,
        timings=Timings(total_seconds=12.0, startup_seconds=0.5, stylize_seconds=0.01),
    )
