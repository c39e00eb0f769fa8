"""Who may see what of a phase and of the entries in it: decided here, once, for every view.

Pictures and per-pair numbers of held-out pairs would let an entry be fitted to them, so a phase
that does not publish them shows them to its organisers alone, never to the entry's own author.
"""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser

from stylearena.accounts.models import User
from stylearena.competitions.models import Dataset, Phase
from stylearena.competitions.permissions import organises
from stylearena.judging.models import Evaluation
from stylearena.submissions.models import Standing

__all__ = ["Sight", "Viewer", "sight_of_entry", "sight_of_phase"]

Viewer = User | AnonymousUser


@dataclass(frozen=True, slots=True)
class Sight:
    """What a viewer may see: anything at all, overall scores, pictures and per-pair values.

    ``exact``: numbers keep every digit; else they are rounded as they are printed, because the
    last digits could carry what is held out.
    """

    page: bool
    scores: bool = False
    pairs: bool = False
    report: bool = False
    is_public: bool = False
    exact: bool = False


_NOTHING = Sight(page=False)


def sight_of_phase(phase: Phase, viewer: Viewer) -> Sight:
    """What ``viewer`` may see of the phase's board (``pairs``: its sample pictures)."""
    return _sight(phase, phase.dataset, viewer)


def sight_of_entry(evaluation: Evaluation, viewer: Viewer) -> Sight:
    """What ``viewer`` may see of the entry that stands by ``evaluation``.

    Its author sees it earlier, but no held-out pair. What is held out is asked of the pictures that
    it was judged on: since a re-score the phase may be judged on others.
    """
    submission = evaluation.submission
    sight = _sight(submission.phase, evaluation.dataset, viewer)
    owns = submission.participant_id == viewer.pk
    if organises(viewer, submission.phase.competition) or not sight.page:
        return sight
    if submission.standing != Standing.RANKED and not owns:
        return _NOTHING
    return Sight(
        page=sight.scores or owns,
        scores=sight.scores,
        pairs=sight.pairs or (owns and sight.exact),
        report=sight.report or (owns and sight.scores),
        is_public=sight.is_public,
        exact=sight.exact,
    )


def _sight(phase: Phase, dataset: Dataset, viewer: Viewer) -> Sight:
    """What ``viewer`` may see of the phase's scores on ``dataset``."""
    if organises(viewer, phase.competition):
        return Sight(page=True, scores=True, pairs=True, report=True, exact=True)
    if not phase.competition.is_published:
        return _NOTHING
    scores = phase.shows_scores()
    exact = scores and dataset.is_public
    pairs = exact and phase.shows_pictures()
    return Sight(page=True, scores=scores, pairs=pairs, report=pairs, is_public=pairs, exact=exact)
