"""What a demo holds, and that a second run adds nothing."""

from pathlib import Path

import pytest
from django.contrib.auth import authenticate

from baselines.export import export_method
from baselines.registry import METHODS
from evaluator.datasets import load_dataset
from evaluator.protocols import protocol
from stylearena.accounts.models import User
from stylearena.competitions import bundles, importing
from stylearena.competitions.models import Competition
from stylearena.demo import seed
from stylearena.submissions.models import State, Submission
from tests.web.factories import write_dataset


@pytest.fixture
def competition(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Competition:
    """The demo's own folder, on small datasets in place of the painted ones."""

    def small(_folder: Path, reference: str) -> object:
        home = tmp_path / "small" / reference
        if not home.exists():
            write_dataset(home, name=reference, contents=2)
        return load_dataset(home)

    monkeypatch.setattr(bundles, "dataset_at", small)
    monkeypatch.setattr(importing, "require_measurable", lambda name, *_, **__: protocol(name))
    seed.make_accounts(tmp_path)
    return seed.open_competition()


def test_every_rung_is_a_baseline() -> None:
    assert set(seed.FIRST) <= set(METHODS)


def test_the_rungs_are_judged_before_what_was_trained(tmp_path: Path) -> None:
    for name in ("adain", *sorted(seed.FIRST), "student"):
        (tmp_path / f"{name}.zip").touch()
    (tmp_path / "notes.txt").touch()
    assert [path.stem for path in seed.archives(tmp_path)] == [*seed.FIRST, "adain", "student"]


def test_the_accounts_can_log_in_and_are_kept(db: None, tmp_path: Path) -> None:
    path = seed.make_accounts(tmp_path)
    passwords = dict(line.split() for line in path.read_text().splitlines()[1:])
    assert authenticate(username="organiser", password=passwords["organiser"]).is_superuser
    assert not authenticate(username="demo", password=passwords["demo"]).is_staff
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    assert seed.make_accounts(tmp_path).read_text() == before


def test_the_competition_is_published_with_both_phases(competition: Competition) -> None:
    competition.refresh_from_db()
    assert competition.is_published
    phases = {phase.slug: phase for phase in competition.phases.all()}
    assert (phases["public"].visibility, phases["public"].dataset.is_public) == ("open", True)
    assert (phases["final"].visibility, phases["final"].dataset.is_public) == ("scores", False)
    assert seed.open_competition() == competition


def test_the_reference_entries_are_handed_in_once_each_to_both_phases(
    competition: Competition, tmp_path: Path
) -> None:
    for name in seed.FIRST:
        export_method(METHODS[name], tmp_path)
    first = seed.hand_in(competition, tmp_path)
    assert len({(entry.phase_id, entry.participant_id) for entry in first}) == 8
    assert seed.hand_in(competition, tmp_path) == first
    Submission.objects.filter(pk=first[0].pk).update(state=State.ERROR)
    again = seed.hand_in(competition, tmp_path)
    assert again[0] != first[0]
    assert again[1:] == first[1:]
    assert not User.objects.get(username="ref-identity").has_usable_password()
