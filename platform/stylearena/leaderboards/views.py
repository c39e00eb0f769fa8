"""The pages of boards and entries. Reads come from queries and entries, rights from sight."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from evaluator.metrics.catalogue import metric_info
from stylearena.competitions.models import Phase
from stylearena.competitions.permissions import organises
from stylearena.competitions.queries import phase_or_404
from stylearena.leaderboards import entries, export, pictures, queries
from stylearena.leaderboards.asked import asked_board, page_number
from stylearena.leaderboards.drawing import drawn
from stylearena.leaderboards.presentation import GalleryPage, overall, refusals
from stylearena.leaderboards.provenance import current_provenance
from stylearena.leaderboards.reports import read_report
from stylearena.leaderboards.sight import Sight, sight_of_phase
from stylearena.leaderboards.styles import style_table

_PUBLIC = "public, max-age=86400"
_PRIVATE = "private, max-age=300"
_FORMATS = ("csv", "json")


class HtmxRequest(HttpRequest):
    """A request as django-htmx's middleware leaves it."""

    htmx: HtmxDetails


@require_safe
def board_page(request: HtmxRequest, competition: str, phase: str) -> HttpResponse:
    """The board as a page, its table alone for htmx, or a file with ``?format=csv|json``."""
    found = phase_or_404(competition, phase, request.user)
    sight = sight_of_phase(found, request.user)
    file_format = request.GET.get("format")
    if not sight.scores:
        status = 403 if file_format else 200
        return render(request, "leaderboards/hidden.html", {"phase": found}, status=status)
    if file_format in _FORMATS:
        return _download(asked_board(request, found, per_page=None), file_format, sight)
    part = bool(request.htmx) and not request.htmx.history_restore_request
    ranking = drawn(request, found, pictures=sight.pairs, part=part)
    response = HttpResponse(ranking) if part else _whole_page(request, found, ranking)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _whole_page(request: HttpRequest, phase: Phase, ranking: SafeString) -> HttpResponse:
    context = {
        "phase": phase,
        "metric": metric_info(phase.ranking_metric),
        "provenance": current_provenance(phase),
        "ranking": ranking,
        "is_organiser": organises(request.user, phase.competition),
    }
    return render(request, "leaderboards/board.html", context)


@require_safe
def entry_page(request: HttpRequest, entry: uuid.UUID) -> HttpResponse:
    seen = entries.seen_entry_or_404(entry, request.user)
    context: dict[str, object] = {
        "submission": seen.submission,
        "evaluation": seen.evaluation,
        "phase": seen.submission.phase,
        "info": seen.submission.info,
        "sight": seen.sight,
    }
    if seen.sight.scores:
        report = read_report(seen.evaluation, seen.sight)
        context |= {
            "report": report,
            "scores": overall(report),
            "refusals": refusals(report),
            "styles": style_table(report.styles),
            "gallery": GalleryPage.of(
                entries.gallery(seen),
                style=request.GET.get("style", ""),
                number=page_number(request),
            ),
            "place": entries.place(seen),
        }
    return render(request, "leaderboards/entry.html", context)


@require_safe
def report(request: HttpRequest, entry: uuid.UUID) -> HttpResponse:
    """The entry's report as a file; without single pairs for whoever may not see them."""
    seen = entries.seen_entry_or_404(entry, request.user)
    if not seen.sight.report:
        raise Http404("The report of this entry is not published.")
    document = read_report(seen.evaluation, seen.sight)
    body = document.model_dump_json(indent=2)
    return _file(body, "application/json", f"report-{seen.submission.pk}.json")


@require_safe
def picture(
    request: HttpRequest, entry: uuid.UUID, pair: str, role: pictures.Role, suffix: str
) -> HttpResponse:
    """One of the three pictures of a pair; only open phases' may be kept by shared caches."""
    kept, sight = entries.kept_picture_or_404(entry, pair, request.user)
    etag = pictures.etag_of(kept, role)
    response: HttpResponse
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    else:
        try:
            served = pictures.serve(kept, role)
        except FileNotFoundError as error:  # replaced this moment, or lost by the storage
            raise Http404("This picture is not there; reload the entry's page.") from error
        response = HttpResponse(served.body, content_type=served.content_type)
    response["ETag"] = etag
    response["Cache-Control"] = _PUBLIC if sight.is_public else _PRIVATE
    return response


def _download(board: queries.Board, file_format: str, sight: Sight) -> HttpResponse:
    name = f"{board.phase.competition.slug}-{board.phase.slug}.{file_format}"
    if file_format == "csv":
        return _file(export.as_csv(board, exact=sight.exact), "text/csv; charset=utf-8", name)
    document = export.as_document(board, exact=sight.exact)
    return _file(document.model_dump_json(indent=2), "application/json", name)


def _file(body: str, content_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(body, content_type=content_type, headers=headers)
