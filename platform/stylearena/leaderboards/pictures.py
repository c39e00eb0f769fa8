"""Picture bytes for an entry's page, found by ids in the database and the dataset, never by path.

Content and style are shown as the judge saw them (the protocol's resize and crop), so that they
lie exactly under the output in the before/after slider.
"""

from dataclasses import dataclass
from typing import Literal, cast

from django.urls import reverse

from evaluator.images import decode, encode_jpeg
from evaluator.protocols import protocol
from stylearena.caching import recall, remember
from stylearena.competitions import services as competitions
from stylearena.judging.models import Evaluation, GalleryPicture

__all__ = ["Role", "ServedPicture", "address", "etag_of", "serve"]

Role = Literal["content", "style", "output"]
_KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class ServedPicture:
    body: bytes
    content_type: str


def serve(kept: GalleryPicture, role: Role) -> ServedPicture:
    """The bytes of one of the three pictures of a pair that the gallery keeps."""
    if role == "output":
        with kept.picture.open("rb") as file:
            return ServedPicture(file.read(), f"image/{suffix_of(kept)}")
    return ServedPicture(_as_judged(kept.evaluation, role, getattr(kept, role)), "image/jpeg")


def address(kept: GalleryPicture, role: Role) -> str:
    """Where ``serve`` is reached; ``kept`` comes with its evaluation."""
    suffix = suffix_of(kept) if role == "output" else "jpeg"
    parts = {"pair": kept.pair, "role": role, "suffix": suffix}
    entry = kept.evaluation.submission_id
    return reverse("leaderboards:picture", kwargs={"entry": entry, **parts})


def etag_of(kept: GalleryPicture, role: Role) -> str:
    """Changes whenever the bytes can: an evaluation's pictures and provenance never do."""
    return f'"{kept.evaluation_id}-{kept.pk}-{role}"'


def suffix_of(kept: GalleryPicture) -> str:
    """The kind of an output picture: "png" or "jpeg"."""
    return "png" if str(kept.picture.name).lower().endswith(".png") else "jpeg"


def _as_judged(evaluation: Evaluation, role: Literal["content", "style"], picture_id: str) -> bytes:
    key = f"picture:{evaluation.dataset.digest}:{evaluation.protocol_digest}:{role}:{picture_id}"
    body = recall(key)
    if body is None:
        dataset = competitions.load(evaluation.dataset)
        images = dataset.content if role == "content" else dataset.style
        source = images.by_id(picture_id)
        policy = protocol(evaluation.protocol).pictures
        body = encode_jpeg(decode(source.path, policy, name=source.id))
        remember(key, body, _KEPT_SECONDS)
    return cast("bytes", body)
