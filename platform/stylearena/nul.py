"""Middleware that turns NUL characters away at the door: PostgreSQL's text cannot hold them.

Forms refuse them by themselves; addresses and queries would reach the database as they are.
"""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

__all__ = ["refuse_nul"]

_CODE = "request.invalid"
_SENTENCE = "The query holds a NUL character; remove it."


def refuse_nul(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """404 for an address with a NUL, 400 for such a query (as JSON from the API)."""

    def look(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path:
            raise Http404("There is nothing at this address.")
        if "%00" not in request.META.get("QUERY_STRING", ""):
            return answer(request)
        if request.path.startswith("/api/"):
            return JsonResponse({"code": _CODE, "message": _SENTENCE}, status=400)
        raise BadRequest(_SENTENCE)

    return look
