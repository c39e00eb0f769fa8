"""Everything the site reads about competitions."""

from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404

from stylearena.competitions.models import Competition, Dataset, Phase
from stylearena.competitions.permissions import Visitor, organised_by


def published() -> QuerySet[Competition]:
    """Published competitions, newest first, their phases and datasets fetched along."""
    return _with_phases(Competition.objects.filter(is_published=True))


def visible_to(visitor: Visitor) -> QuerySet[Competition]:
    """What a visitor may open: published ones, organisers also their drafts; newest first."""
    return _with_phases(Competition.objects.filter(Q(is_published=True) | organised_by(visitor)))


def with_counts(visitor: Visitor) -> QuerySet[Competition]:
    """What the visitor may open, with ``entries``: how many were handed in to each."""
    counted = visible_to(visitor).annotate(entries=Count("phases__submissions", distinct=True))
    return counted.order_by("-created_at", "-pk")  # a model's own order is lost to grouped rows


def competition_or_404(slug: str, visitor: Visitor) -> Competition:
    """The competition of that slug if the visitor may see it; Http404 otherwise."""
    competition = visible_to(visitor).select_related("organiser").filter(slug=slug).first()
    if competition is None:
        raise Http404(f"There is no competition {slug!r}.")
    return competition


def phase_or_404(competition_slug: str, phase_slug: str, visitor: Visitor) -> Phase:
    """The phase of those slugs if the visitor may see its competition; Http404 otherwise."""
    phase = (
        Phase.objects.select_related("competition", "dataset", "smoke_dataset")
        .filter(competition__in=visible_to(visitor), slug=phase_slug)
        .filter(competition__slug=competition_slug)
        .first()
    )
    if phase is None:
        raise Http404(f"{competition_slug!r} has no phase {phase_slug!r}.")
    return phase


def public_dataset_or_404(digest: str) -> Dataset:
    """A dataset whose pictures anybody may see; Http404 for held-out ones, as if unknown."""
    dataset = Dataset.objects.filter(digest=digest, is_public=True).first()
    if dataset is None:
        raise Http404("There is no public dataset with this digest.")
    return dataset


def _with_phases(competitions: QuerySet[Competition]) -> QuerySet[Competition]:
    phases = Phase.objects.select_related("dataset", "smoke_dataset").order_by("order", "opens_at")
    return competitions.prefetch_related(Prefetch("phases", queryset=phases))
