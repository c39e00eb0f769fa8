"""Protocols by their names: named, frozen bundles of everything that can change a number.

Declared in code (``protocol_catalogue``), never read from a file; importing them loads no torch.
"""

from evaluator.errors import ParticipantError
from evaluator.metrics.catalogue import METRICS
from evaluator.protocol_catalogue import PROTOCOLS, metrics_of
from evaluator.protocol_record import Protocol
from evaluator.specs import DEFAULT_PROTOCOL, BackboneSpec, Bootstrap, MetricSpec, WeightsRef

__all__ = [
    "DEFAULT_PROTOCOL",
    "BackboneSpec",
    "Bootstrap",
    "MetricSpec",
    "Protocol",
    "WeightsRef",
    "metrics_of",
    "protocol",
    "protocol_names",
    "register_protocol",
]

_PROTOCOLS: dict[str, Protocol] = {}


def protocol(name: str) -> Protocol:
    """The protocol of that name; ParticipantError ``protocol.unknown`` lists the known ones."""
    if name not in _PROTOCOLS:
        raise ParticipantError(
            "protocol.unknown",
            f"There is no protocol {name!r}; known are {', '.join(protocol_names())}.",
        )
    return _PROTOCOLS[name]


def protocol_names() -> tuple[str, ...]:
    """The names of all protocols, the default first."""
    return tuple(_PROTOCOLS)


def register_protocol(new: Protocol) -> Protocol:
    """Add a protocol; ValueError if its name is taken by a different one, or a metric is unknown
    or a cost of the run, which is no protocol's matter."""
    known = {name for name, info in METRICS.items() if info.scope != "run"}
    unknown = {spec.name for spec in new.metrics} - known
    if unknown:
        raise ValueError(f"unknown metrics: {', '.join(sorted(unknown))}")
    if _PROTOCOLS.setdefault(new.name, new) != new:
        raise ValueError(f"the protocol {new.name!r} exists and is different")
    return new


for _known in PROTOCOLS:
    register_protocol(_known)
