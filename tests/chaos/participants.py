"""The participants: they hand in over HTTP with a session of their own, and remember every answer.

An id that the site has answered with is a promise: that submission must reach its verdict. Their
organiser has all of them re-scored on other pictures.
"""

from dataclasses import dataclass, field
from pathlib import Path

import httpx
from django.conf import settings
from django.test import Client

from evaluator.datasets import load_dataset
from stylearena.accounts.models import User
from stylearena.competitions.models import Dataset, Phase
from stylearena.competitions.services import register_dataset
from stylearena.judging.models import Rescore, RescoreState
from stylearena.judging.services import rescoring
from stylearena.submissions.models import ACTIVE_STATES, Submission
from stylearena.submissions.services import cancel
from tests.chaos.entries import KINDS, Kind, write_pictures
from tests.web.factories import PhaseFactory, UserFactory

__all__ = ["Participants"]

_PEOPLE = 4
_PATIENCE = 30.0
_ENDLESS = 10_000
_SHORTER_THAN_A_FREEZE = 3.0  # a frozen worker finds the pair that it was at overdue


@dataclass(slots=True)
class Participants:
    """Who hands in, to where; ``promised`` maps the ids that were answered to their kinds."""

    address: str = ""
    promised: dict[str, Kind] = field(default_factory=dict)
    refused: int = 0
    _phase: Phase | None = None
    _other: Dataset | None = None
    _sessions: dict[str, str] = field(default_factory=dict)
    _turn: int = 0

    def open_phase(self, folder: Path) -> None:
        """A phase without limits: bright public pictures to try, dark ones to be judged on."""
        bright = write_pictures(folder / "bright", "bright", darkest=160, brightest=256)
        dark = write_pictures(folder / "dark", "dark", darkest=0, brightest=96)
        other = write_pictures(folder / "other", "other", darkest=0, brightest=96)
        self._other = register_dataset(load_dataset(other), other, is_public=False)
        self._phase = PhaseFactory(
            dataset=register_dataset(load_dataset(dark), dark, is_public=False),
            smoke_dataset=register_dataset(load_dataset(bright), bright, is_public=True),
            shard_pairs=3,
            pair_seconds=_SHORTER_THAN_A_FREEZE,
            per_day=_ENDLESS,
            at_once=_ENDLESS,
        )
        for index in range(_PEOPLE):
            person = UserFactory(username=f"person-{index}")
            client = Client()
            client.force_login(person)
            self._sessions[person.username] = client.cookies[settings.SESSION_COOKIE_NAME].value

    def keep_busy(self, at_least: int) -> None:
        """Hand in, the kinds by turns, until so many submissions are under way."""
        missing = at_least - self.under_way()
        for _ in range(missing):
            self.hand_in()

    def under_way(self) -> int:
        return Submission.objects.filter(state__in=ACTIVE_STATES).count()

    def hand_in(self, kind: Kind | None = None) -> str | None:
        """One more entry; its id, or None where the site gave no promise."""
        person, kind = self._next(kind)
        try:
            submission = self._post(self._sessions[person], kind)
        except (httpx.TransportError, _Unanswered):
            self.refused += 1
            return None
        self.promised[submission] = kind
        return submission

    def change_mind(self) -> None:
        """Somebody cancels what they handed in last, if it has not ended."""
        submission = Submission.objects.filter(state__in=ACTIVE_STATES).first()
        if submission is not None:
            cancel(submission, by=submission.participant)

    def rescore(self) -> Rescore:
        """The organiser's re-score under way; begun if there is none."""
        begun = Rescore.objects.filter(phase=self.phase, state=RescoreState.OPEN).first()
        if begun is None:
            assert self._other is not None, "the phase is not open yet"
            protocol, organiser = self.phase.protocol, self.phase.competition.organiser
            begun = rescoring.start(
                self.phase, dataset=self._other, protocol=protocol, by=organiser
            )
        return begun

    @property
    def phase(self) -> Phase:
        assert self._phase is not None, "the phase is not open yet"
        return self._phase

    def somebody(self) -> User:
        """Who will hand in next."""
        return User.objects.get(username=self._name())

    def _next(self, kind: Kind | None) -> tuple[str, Kind]:
        person = self._name()
        self._turn += 1
        return person, kind or _TURNS[self._turn % len(_TURNS)]

    def _name(self) -> str:
        return f"person-{self._turn % _PEOPLE}"

    def _post(self, session: str, kind: Kind) -> str:
        path = f"/competitions/{self.phase.competition.slug}/{self.phase.slug}/submit/"
        cookies = {settings.SESSION_COOKIE_NAME: session}
        with httpx.Client(base_url=self.address, cookies=cookies, timeout=_PATIENCE) as browser:
            form = browser.get(path)
            if form.status_code != 200:
                raise _Unanswered
            answer = browser.post(
                path,
                data={"csrfmiddlewaretoken": browser.cookies["csrftoken"]},
                files={"entry": (f"{kind.name}.onnx", kind.model)},
            )
        if answer.status_code != 302:
            raise _Unanswered
        return answer.headers["location"].rstrip("/").rpartition("/")[2]


class _Unanswered(Exception):
    """The site answered with an error: nothing was promised."""


_TURNS = [
    KINDS[name] for name in ("identity", "negative", "dark", "identity", "broken", "negative")
]
