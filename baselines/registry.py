"""Every closed-form method by name, in the order in which they are listed."""

from baselines import identity, reinhard, sliced_transport, style_copy
from baselines.method import Method
from evaluator.errors import ParticipantError

__all__ = ["METHODS", "find"]

METHODS: dict[str, Method] = {
    module.METHOD.name: module.METHOD
    for module in (identity, style_copy, reinhard, sliced_transport)
}


def find(name: str) -> tuple[Method, ...]:
    """The method of that name, or every one for ``all``; ParticipantError ``baseline.unknown``."""
    if name == "all":
        return tuple(METHODS.values())
    if name not in METHODS:
        raise ParticipantError(
            "baseline.unknown",
            f"There is no baseline {name!r}; known are {', '.join(METHODS)}, and all.",
        )
    return (METHODS[name],)
