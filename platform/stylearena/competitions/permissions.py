"""Who organises what: asked by the admin and by every page that shows more than the public sees.

An organiser is a competition's own ``organiser``. Whom Django lets change every competition (a
superuser, or somebody given that permission) organises all of them; being staff opens the admin
and nothing else.
"""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q

from stylearena.accounts.models import User
from stylearena.competitions.models import Competition, Dataset, Phase

__all__ = ["Visitor", "organised_by", "organises", "organises_all", "owns_dataset", "usable_by"]

Visitor = User | AnonymousUser

CHANGE_ANY = "competitions.change_competition"
_EVERYTHING = Q(pk__isnull=False)
_NOTHING = Q(pk__in=())


def organises_all(visitor: Visitor) -> bool:
    return visitor.is_active and visitor.has_perm(CHANGE_ANY)


def organises(visitor: Visitor, competition: Competition) -> bool:
    """Whether the visitor may see and decide what the competition keeps from the public."""
    if not visitor.is_authenticated or not visitor.is_active:
        return False
    return competition.organiser_id == visitor.pk or organises_all(visitor)


def organised_by(visitor: Visitor, path: str = "") -> Q:
    """The rows whose competition, at the end of ``path``, the visitor organises."""
    if not visitor.is_authenticated or not visitor.is_active:
        return _NOTHING
    if organises_all(visitor):
        return _EVERYTHING
    return Q(**{f"{path}organiser": visitor.pk})


def usable_by(visitor: Visitor) -> Q:
    """Datasets whose pictures the visitor may use in a phase: public ones and their own."""
    if organises_all(visitor):
        return _EVERYTHING
    mine = Phase.objects.filter(organised_by(visitor, "competition__"), dataset=OuterRef("pk"))
    return Q(is_public=True) | Q(Exists(mine))


def owns_dataset(visitor: Visitor, dataset: Dataset) -> bool:
    """Whether the dataset is judged on in the visitor's own competitions and in no others."""
    if organises_all(visitor):
        return True
    mine = organised_by(visitor, "competition__")
    return dataset.phases.filter(mine).exists() and not dataset.phases.exclude(mine).exists()
