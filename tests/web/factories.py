"""Factories of the site's rows. A phase is open, has quota left and names the default protocol.

``write_dataset`` paints a tiny but real dataset folder, ``upload`` packs a real entry.
"""

from datetime import timedelta
from functools import cache
from pathlib import Path

import factory
import numpy as np
import onnx
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from factory.django import DjangoModelFactory, FileField, Password
from PIL import Image

from evaluator.protocols import DEFAULT_PROTOCOL, protocol
from stylearena.accounts.models import User
from stylearena.competitions.models import Competition, Dataset, Phase, Visibility
from stylearena.submissions.models import State, Submission

PASSWORD = "correct-horse-battery-staple"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"person{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = Password(PASSWORD)


class DatasetFactory(DjangoModelFactory[Dataset]):
    """A row only: its folder does not exist (see ``write_dataset`` for a real one)."""

    class Meta:
        model = Dataset

    name = factory.Sequence(lambda n: f"dataset-{n}")
    version = "1"
    title = factory.LazyAttribute(lambda dataset: dataset.name.title())
    digest = factory.Sequence(lambda n: f"{n:064x}")
    folder = factory.LazyAttribute(lambda dataset: f"{dataset.name}-{dataset.version}")
    contents = 3
    styles = 2
    pairs = 6
    families = factory.LazyFunction(lambda: ["dots", "stripes"])


class CompetitionFactory(DjangoModelFactory[Competition]):
    class Meta:
        model = Competition

    slug = factory.Sequence(lambda n: f"competition-{n}")
    title = factory.Sequence(lambda n: f"Competition {n}")
    tagline = "Carry the style, keep the content."
    organiser = factory.SubFactory(UserFactory)
    is_published = True


class PhaseFactory(DjangoModelFactory[Phase]):
    class Meta:
        model = Phase

    competition = factory.SubFactory(CompetitionFactory)
    slug = factory.Sequence(lambda n: f"phase-{n}")
    title = factory.Sequence(lambda n: f"Phase {n}")
    visibility = Visibility.SCORES
    dataset = factory.SubFactory(  # public where the pictures are shown, as the site demands
        DatasetFactory,
        is_public=factory.LazyAttribute(
            lambda dataset: dataset.factory_parent.visibility == Visibility.OPEN
        ),
    )
    smoke_dataset = factory.SubFactory(DatasetFactory, is_public=True)
    protocol = DEFAULT_PROTOCOL
    protocol_digest = factory.LazyAttribute(lambda phase: protocol(phase.protocol).digest())
    opens_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=1))
    closes_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=30))


class SubmissionFactory(DjangoModelFactory[Submission]):
    class Meta:
        model = Submission

    phase = factory.SubFactory(PhaseFactory)
    participant = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Method {n}")
    archive = FileField(filename="entry.onnx", data=b"not a real model")
    digest = factory.Sequence(lambda n: f"{n:064x}")
    size_bytes = 16
    state = State.QUEUED
    info = factory.LazyAttribute(
        lambda submission: {
            "name": submission.name,
            "digest": submission.digest,
            "runtime": "onnx",
            "size_bytes": submission.size_bytes,
        }
    )


def write_dataset(
    folder: Path, *, name: str = "tiny", contents: int = 3, styles: int = 2, side: int = 64
) -> Path:
    """Write a dataset of seeded noise pictures, one family a style; returns the folder."""
    rng = np.random.default_rng(sum(name.encode()))
    for kind, count in (("content", contents), ("style", styles)):
        for index in range(count):
            home = folder / kind / f"family-{index}" if kind == "style" else folder / kind
            home.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(home / f"{kind}-{index}.png")
    (folder / "dataset.toml").write_text(
        f'name = "{name}"\nversion = "1"\ntitle = "{name.title()}"\nlicence = "CC0"\n', "utf-8"
    )
    return folder


@cache
def identity_model() -> bytes:
    """An ONNX entry that hands the content picture back."""
    pictures = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", 3, "H", "W"])
        for name in ("content", "stylized")
    ]
    node = onnx.helper.make_node("Identity", ["content"], ["stylized"])
    graph = onnx.helper.make_graph([node], "identity", pictures[:1], pictures[1:])
    opset = onnx.helper.make_opsetid("", 18)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=10)
    return model.SerializeToString()


def upload(name: str = "My method.onnx", data: bytes | None = None) -> SimpleUploadedFile:
    """An entry as a form carries it; a good one unless ``data`` says otherwise."""
    return SimpleUploadedFile(name, identity_model() if data is None else data)


PHASES = """
[[phases]]
slug = "public"
title = "Public wall"
dataset = "public"
smoke_dataset = "public"
public = true
protocol = "untrained-1"
visibility = "open"
opens_at = 2026-01-01
[phases.limits]
per_day = 7
archive_bytes = 1048576

[[phases]]
slug = "final"
title = "Final hanging"
dataset = "held-out"
smoke_dataset = "public"
protocol = "untrained-1"
opens_at = 2199-01-01T12:00:00
closes_at = 2199-02-01T12:00:00Z
"""


def write_competition(folder: Path, *, phases: str = PHASES, **texts: str) -> Path:
    """Write a competition's folder with two tiny datasets; returns it. ``texts``: its Markdown."""
    write_dataset(folder / "public", name="tiny-public")
    write_dataset(folder / "held-out", name="tiny-held-out", contents=4)
    said = 'title = "Tiny wall"\nslug = "tiny-wall"\ntagline = "Small, but real."\n'
    (folder / "competition.toml").write_text(said + phases, "utf-8")
    for name in ("description", "rules"):
        (folder / f"{name}.md").write_text(
            texts.get(name, f"# The {name}\n\nIn *Markdown*."), "utf-8"
        )
    return folder
