"""Spans of time in words, for a terminal and a page alike."""

__all__ = ["in_words"]


def in_words(seconds: float) -> str:
    """A span in its largest two units: 3 s, 2 min 5 s, 1 h 4 min."""
    whole = round(abs(seconds))
    sign = "-" if seconds <= -0.5 else ""
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{sign}{hours} h {minutes_left} min"
    return f"{sign}{minutes} min {rest} s" if minutes else f"{sign}{rest} s"
