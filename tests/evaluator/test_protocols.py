"""Protocols: the digest covers everything, and the text that it is of can be read back."""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from evaluator.backbones.weights import known as weights
from evaluator.backbones.weights import state_of
from evaluator.errors import ParticipantError
from evaluator.images import PicturePolicy
from evaluator.metrics.catalogue import METRICS
from evaluator.protocols import (
    DEFAULT_PROTOCOL,
    MetricSpec,
    Protocol,
    WeightsRef,
    protocol,
    protocol_names,
    register_protocol,
)
from evaluator.scoring import Scorer


def changed(value: Any) -> Iterator[tuple[str, Any]]:
    """Every way of changing one thing in a value, however deep, with the path to it."""
    if is_dataclass(value):
        for field in fields(value):
            for path, new in changed(getattr(value, field.name)):
                yield f"{field.name}.{path}", replace(value, **{field.name: new})  # type: ignore[type-var]
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            for path, new in changed(item):
                yield f"{index}.{path}", (*value[:index], new, *value[index + 1 :])
        if value:
            yield "shorter", value[:-1]
    elif isinstance(value, str):
        yield "text", f"{value}x"
    elif value is None:
        yield "there", WeightsRef("x", "0" * 64)
    else:
        yield "number", value + 1


CHANGES = [
    pytest.param(name, changed_protocol, id=f"{name}-{path}")
    for name in protocol_names()
    if name in ("untrained-1", "standard-full-1", "compact-guarded-1")
    for path, changed_protocol in changed(protocol(name))
    if not re.search(r"parameters\.\d+\.shorter", path)  # a name without a value is no parameter
]


@pytest.mark.parametrize(("name", "other"), CHANGES)
def test_any_change_changes_the_digest(name: str, other: Protocol) -> None:
    assert other.digest() != protocol(name).digest()


def test_every_kind_of_field_is_among_the_changes() -> None:
    paths = {path for path, _ in changed(protocol("untrained-1"))}
    expected = ("pictures.size", "backbones.0.weights.sha256", "bootstrap.seed", "revision")
    assert all(any(path.startswith(start) for path in paths) for start in expected)


def test_native_size_is_a_protocol_of_its_own() -> None:
    known = protocol("untrained-1")
    native = replace(known, pictures=PicturePolicy(size=None))
    assert native.digest() != known.digest()


def test_equal_protocols_have_equal_digests() -> None:
    assert replace(protocol("standard-1")).digest() == protocol("standard-1").digest()


def test_the_digest_is_that_of_the_toml() -> None:
    known = protocol("untrained-1")
    assert known.digest() == hashlib.sha256(known.to_toml().encode()).hexdigest()


def test_the_toml_reads_back() -> None:
    known = protocol("standard-1")
    read = tomllib.loads(known.to_toml())
    assert read["pictures"]["size"] == 256
    assert [metric["name"] for metric in read["metrics"]] == [spec.name for spec in known.metrics]
    refs = [b[part] for b in read["backbones"] for part in ("weights", "heads") if part in b]
    assert {ref["name"]: ref["sha256"] for ref in refs} == known.weights
    assert read["metrics"][2]["parameters"]["layers"][-1] == "conv5_1"


def test_the_default_needs_no_download_and_says_so(tmp_path: Path) -> None:
    known = protocol(DEFAULT_PROTOCOL)
    assert protocol_names()[0] == DEFAULT_PROTOCOL
    assert "not comparable" in known.notice
    assert {state_of(weights(name), tmp_path) for name in known.weights} == {"present"}


def test_a_protocol_holds_known_metrics_only() -> None:
    odd = replace(protocol("untrained-1"), name="odd", metrics=(MetricSpec("beauty"),))
    with pytest.raises(ValueError, match="beauty"):
        register_protocol(odd)
    assert "odd" not in protocol_names()


def test_a_name_is_given_once() -> None:
    other = replace(protocol("untrained-1"), digits=3)
    with pytest.raises(ValueError, match="untrained-1"):
        register_protocol(other)


def test_an_unknown_protocol_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ParticipantError, match="standard-1") as caught:
        protocol("standard-0")
    assert caught.value.code == "protocol.unknown"


def test_all_protocols_hold_the_losses_and_fid() -> None:
    losses = {name for name in METRICS if name.startswith(("content_", "style_l", "style_m"))}
    for name in protocol_names():
        assert {spec.name for spec in protocol(name).metrics} >= {"total_loss", "fid", *losses}


def test_costs_of_a_run_are_no_part_of_a_protocol() -> None:
    metrics = (*protocol("untrained-1").metrics, MetricSpec("peak_memory"))
    with pytest.raises(ValueError, match="peak_memory"):
        register_protocol(replace(protocol("untrained-1"), name="costly", metrics=metrics))


def test_every_metric_can_be_had_under_some_protocol() -> None:
    held = {spec.name for name in protocol_names() for spec in protocol(name).metrics}
    assert held == {name for name, info in METRICS.items() if info.scope != "run"}


@pytest.mark.parametrize("name", protocol_names())
def test_a_composite_is_refused_where_its_parts_are(name: str) -> None:
    """Whatever is made of FID asks for as many pairs as FID."""
    held = {spec.name: spec for spec in protocol(name).metrics}
    made = {"mifid", "fid_share", "fid_guard", "fid_share_guard", "guard_gap", "lpips_fid"}
    for spec in held.keys() & made:
        assert held[spec].minimum == held["fid"].minimum, spec


@pytest.mark.parametrize("name", ["compact-1", "compact-guarded-1", "compact-full-1"])
def test_what_needs_no_download_can_be_loaded(name: str) -> None:
    scorer = Scorer(protocol(name))
    assert scorer.weights == protocol(name).weights
