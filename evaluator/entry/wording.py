"""Text from an entry made safe to show: one line, no control or bidirectional characters, bounded.

Names and messages from an entry reach terminals, logs and web pages; none may steer them.
"""

import unicodedata

__all__ = ["has_unsafe", "one_line", "quoted", "visible"]

_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def _is_unsafe(character: str) -> bool:
    """Control, format (bidi marks among them), surrogate and private characters."""
    return unicodedata.category(character) in _UNSAFE_CATEGORIES


def has_unsafe(text: str, *, allowed: str = "") -> bool:
    """Whether ``text`` holds a character that could steer a terminal or reorder a line."""
    return any(_is_unsafe(c) and c not in allowed for c in text)


def visible(text: str, *, allowed: str = "\n") -> str:
    """``text`` with unsafe characters replaced by U+FFFD; those in ``allowed`` stay."""
    return "".join("�" if _is_unsafe(c) and c not in allowed else c for c in text)


def one_line(text: str, limit: int = 300) -> str:
    """``text`` on a single line of at most ``limit`` characters, whitespace runs collapsed."""
    line = visible(" ".join(text.split()), allowed="")
    return line if len(line) <= limit else line[: limit - 1] + "…"


def quoted(name: str, limit: int = 80) -> str:
    """A name from an entry, as it stands in our sentences: ``'name'``."""
    return f"'{one_line(name, limit)}'"
