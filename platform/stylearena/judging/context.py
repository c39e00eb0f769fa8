"""What pages say about the judging: what entries run on and, loudly, where they are not confined.

The worker writes both when it starts; the site only reads them, and shows neither rather than no
page when the cache cannot be asked.
"""

from collections.abc import Mapping

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from stylearena.caching import recall

_NOTICE, _RUNTIME = "judging.sandbox_notice", "judging.entry_runtime"


def keep_notice(warning: str) -> None:
    """Remember the sandbox's warning, empty at full confinement, until the next worker starts."""
    cache.set(_NOTICE, warning, timeout=None)


def keep_runtime(versions: Mapping[str, str]) -> None:
    """Remember what entries run on, by name, until the next worker starts."""
    cache.set(_RUNTIME, dict(versions), timeout=None)


def entry_runtime(request: HttpRequest) -> dict[str, object]:
    """Context processor: ``entry_runtime``, name → version; empty where no worker has started."""
    return {"entry_runtime": SimpleLazyObject(lambda: recall(_RUNTIME, {}))}


def sandbox_notice(request: HttpRequest) -> dict[str, object]:
    """Context processor: ``sandbox_notice``, a sentence or "" (read only if a template asks)."""
    return {"sandbox_notice": SimpleLazyObject(lambda: str(recall(_NOTICE, "")))}
