"""The pages of competitions, and the public pictures on them. Nothing is decided here."""

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from evaluator.errors import PlatformFault
from stylearena.competitions import pictures, presentation, queries
from stylearena.competitions.pictures import Kind

_A_YEAR = 365 * 24 * 3600


@require_safe
def competition_list(request: HttpRequest) -> HttpResponse:
    views = [presentation.card(competition) for competition in queries.with_counts(request.user)]
    return render(request, "competitions/list.html", {"views": views})


@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    competition = queries.competition_or_404(slug, request.user)
    context = {"view": presentation.page(competition), "competition": competition}
    return render(request, "competitions/detail.html", context)


@require_safe
@cache_control(public=True, max_age=_A_YEAR, immutable=True)
def picture(request: HttpRequest, digest: str, kind: Kind, picture_id: str) -> HttpResponse:
    """A small copy of a public dataset's picture; the digest in the address makes it eternal."""
    dataset = queries.public_dataset_or_404(digest)
    try:
        content = pictures.thumbnail(dataset, kind, picture_id)
    except (KeyError, PlatformFault) as error:
        raise Http404("There is no such picture.") from error
    return HttpResponse(content, content_type="image/jpeg")


@require_safe
def download(request: HttpRequest, digest: str) -> HttpResponseBase:
    """A public dataset as a zip."""
    dataset = queries.public_dataset_or_404(digest)
    return FileResponse(
        pictures.download(dataset),
        as_attachment=True,
        filename=f"{dataset.name}-{dataset.version}.zip",
        content_type="application/zip",
    )
