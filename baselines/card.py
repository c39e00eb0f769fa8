"""The model card: what an entry says of itself in its ``entry.toml``.

Written as plain TOML, in a fixed order, so that the archive's bytes (and its digest) are stable.
"""

import importlib
import json
import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Card", "departures_in"]


@dataclass(frozen=True, slots=True)
class Card:
    """Name, origin and terms of a method; ``styles`` only for models tied to given styles.

    ``departures`` are those from ``paper``; a manifest tells them with ``training``.
    """

    name: str
    authors: str
    paper: str
    licence: str
    code: str = ""
    training: str = "none: closed form"
    departures: str = ""
    styles: tuple[str, ...] = ()

    def to_toml(self, *, runtime: Literal["onnx", "python"], target: str) -> str:
        """The manifest; ``target`` is the model's file (onnx) or ``module:function`` (python)."""
        fields: dict[str, str | list[str]] = {
            "name": self.name,
            "runtime": runtime,
            "model" if runtime == "onnx" else "entry": target,
            "styles": list(self.styles),
            "licence": self.licence,
            "authors": self.authors,
            "paper": self.paper,
            "code": self.code,
            "training": self._story(),
        }
        # A JSON string or list of strings is also a TOML one.
        lines = (f"{key} = {json.dumps(value)}" for key, value in fields.items() if value)
        return "\n".join(lines) + "\n"

    def _story(self) -> str:
        if not self.departures:
            return self.training
        return f"{self.training}. Departures from the paper: {self.departures}"


def departures_in(docstring: str) -> str:
    """What a method's file states after "Departures", as one line that stands on its own.

    "those of ``gan``" is followed by what that method's file states; mentions of our files are left
    out, since who reads a card has none of them.
    """
    _, _, stated = docstring.partition("Departures")
    listed = stated.partition(":\n")[2].partition("\n\n")[0]
    listed = re.sub(r"those of ``(\w+)``", _in_full, listed)
    listed = re.sub(r"\s+\(``[\w/]+``\)", "", listed)
    return " ".join(listed.replace("``", "").removeprefix("- ").replace("\n- ", " ").split())


def _in_full(found: re.Match[str]) -> str:
    """ "those of METHOD" and, in brackets, what its file states."""
    other = importlib.import_module(f"baselines.methods.{found[1]}")
    return f"those of {found[1]} ({departures_in(other.__doc__ or '').removesuffix('.')})"
