"""Errors as the API tells them: always ``{code, message}`` with the status of who must act."""

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from evaluator.errors import OrganiserError, ParticipantError, StyleArenaError
from stylearena.api.schemas import ErrorOut

__all__ = ["ApiError", "answer_errors"]


class ApiError(Exception):
    """An answer other than success, with its HTTP status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = ErrorOut(code=code, message=message)


def answer_errors(api: NinjaAPI) -> None:
    """Make every error of ``api`` answer as an ``ErrorOut``."""

    def answer(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
        error = ErrorOut(code=code, message=message)
        return api.create_response(request, error.model_dump(), status=status)

    @api.exception_handler(ApiError)
    def expected(request: HttpRequest, error: ApiError) -> HttpResponse:
        return answer(request, error.status, error.error.code, error.error.message)

    @api.exception_handler(Http404)
    def missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return answer(request, 404, "not_found", str(error) or "There is nothing here.")

    @api.exception_handler(ValidationError)
    def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        said = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors)
        return answer(request, 422, "request.invalid", f"The request is not valid: {said}.")

    @api.exception_handler(HttpError)
    def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
        return answer(request, error.status_code, "request.refused", str(error))

    @api.exception_handler(StyleArenaError)
    def ours(request: HttpRequest, error: StyleArenaError) -> HttpResponse:
        theirs = isinstance(error, ParticipantError | OrganiserError)
        return answer(request, 400 if theirs else 503, error.code, error.message)
