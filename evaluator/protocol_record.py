"""What a protocol is: one frozen record, its text as TOML and the digest of that text. Light.

The digest is of what people read, so that nothing that can change a number hides from it.
"""

import hashlib
import json
from dataclasses import dataclass, fields, is_dataclass

from evaluator.images import PicturePolicy
from evaluator.specs import BackboneSpec, Bootstrap, MetricSpec, Value

__all__ = ["Protocol"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """Everything that can change a number. Changing anything makes a protocol of a new name.

    ``revision`` counts the changes of the computation itself; ``digits`` are the significant
    digits to which two machines agree.
    """

    name: str
    title: str
    notice: str
    pictures: PicturePolicy
    backbones: tuple[BackboneSpec, ...]
    metrics: tuple[MetricSpec, ...]
    bootstrap: Bootstrap
    digits: int = 6
    revision: int = 1

    def digest(self) -> str:
        """sha256 of ``to_toml()``."""
        return hashlib.sha256(self.to_toml().encode()).hexdigest()

    def to_toml(self) -> str:
        """Every field, in a fixed order; ``tomllib`` reads it back. None is left out."""
        parts = [_table("", self), _table("[pictures]", self.pictures)]
        for backbone in self.backbones:
            parts.append(_table("[[backbones]]", backbone))
            parts.append(_table("[backbones.weights]", backbone.weights))
            if backbone.heads is not None:
                parts.append(_table("[backbones.heads]", backbone.heads))
        for metric in self.metrics:
            parts.append(_table("[[metrics]]", metric))
            parts.append(_lines("[metrics.parameters]", dict(metric.parameters)))
        parts.append(_table("[bootstrap]", self.bootstrap))
        return "\n".join(part for part in parts if part)

    @property
    def weights(self) -> dict[str, str]:
        """The weights that the backbones need: name → sha256."""
        refs = [ref for spec in self.backbones for ref in (spec.weights, spec.heads) if ref]
        return {ref.name: ref.sha256 for ref in refs}

    def backbone(self, role: str) -> BackboneSpec:
        """The backbone in that role; KeyError if there is none."""
        return {str(spec.role): spec for spec in self.backbones}[role]

    def metric(self, name: str) -> MetricSpec:
        """The metric of that name; KeyError if the protocol does not hold it."""
        return {spec.name: spec for spec in self.metrics}[name]


def _table(heading: str, record: object) -> str:
    """The plain fields of a dataclass under a heading; nested records get tables of their own."""
    values: dict[str, Value] = {}
    for field in fields(record):  # type: ignore[arg-type]
        value = getattr(record, field.name)
        if isinstance(value, float | int | str):
            values[field.name] = value
        elif not (value is None or isinstance(value, tuple) or is_dataclass(value)):
            raise TypeError(f"{field.name} would be missing from the digest")
    return _lines(heading, values)


def _lines(heading: str, values: dict[str, Value]) -> str:
    lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
    return "".join(f"{line}\n" for line in [heading, *lines] if line) if lines else ""


def _toml(value: Value) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # JSON strings are TOML basic strings
    return repr(value)
