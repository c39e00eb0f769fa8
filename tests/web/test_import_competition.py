"""``manage.py import_competition``: all of a folder or nothing, any number of times."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from stylearena.accounts.models import User
from stylearena.competitions.models import Competition, Dataset, Phase, Visibility
from tests.web.factories import PHASES, UserFactory, write_competition


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_competition(tmp_path / "wall")


def run(folder: Path, **options: object) -> Competition:
    call_command("import_competition", folder, **options)
    return Competition.objects.get()


def refusal(folder: Path, **options: object) -> str:
    """The sentence of a refused import; nothing was changed."""
    before = list(Competition.objects.values()), list(Phase.objects.values())
    with pytest.raises(CommandError) as caught:
        call_command("import_competition", folder, **options)
    assert caught.value.returncode == 2
    assert (list(Competition.objects.values()), list(Phase.objects.values())) == before
    return str(caught.value)


def rewrite(folder: Path, old: str, new: str) -> None:
    path = folder / "competition.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_folder_becomes_a_draft_with_its_phases(folder: Path, organiser: User) -> None:
    competition = run(folder, organiser="olga")
    assert (competition.title, competition.organiser) == ("Tiny wall", organiser)
    assert not competition.is_published
    assert competition.rules == "# The rules\n\nIn *Markdown*."
    public, final = competition.phases.all()
    assert (public.per_day, public.archive_bytes, public.at_once) == (7, 1 << 20, 2)
    assert public.opens_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert (public.visibility, final.visibility) == (Visibility.OPEN, Visibility.SCORES)
    assert (final.dataset.pairs, final.dataset.is_public) == (8, False)
    assert final.smoke_dataset == public.dataset
    assert final.protocol_digest
    assert final.closes_at == datetime(2199, 2, 1, 12, tzinfo=UTC)


def test_a_second_import_changes_nothing(folder: Path, organiser: User) -> None:
    run(folder, publish=True)
    before = [list(model.objects.values()) for model in (Competition, Phase, Dataset)]
    run(folder)
    assert [list(model.objects.values()) for model in (Competition, Phase, Dataset)] == before


def test_publishing_opens_what_has_begun(
    folder: Path, organiser: User, capsys: pytest.CaptureFixture[str]
) -> None:
    competition = run(folder, publish=True)
    assert competition.is_published
    assert [bool(phase.frozen_at) for phase in competition.phases.all()] == [True, False]
    assert "Imported tiny-wall (public, final); it is published." in capsys.readouterr().out


def test_texts_and_what_has_not_opened_are_brought_up_to_date(
    folder: Path, organiser: User
) -> None:
    run(folder, publish=True)
    (folder / "rules.md").write_text("New rules.", "utf-8")
    rewrite(folder, "2199-02-01", "2199-03-01")
    competition = run(folder)
    assert competition.rules == "New rules."
    assert competition.is_published
    assert competition.phases.get(slug="final").closes_at.month == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("per_day = 7", "per_day = 8", "its per_day can no longer change"),
        ('visibility = "open"', 'visibility = "hidden"', "its visibility can no longer change"),
        ('dataset = "public"', 'dataset = "held-out"', "its dataset can no longer change"),
        ("opens_at = 2026-01-01", "opens_at = 2027-01-01", "its opens_at can no longer change"),
        ('slug = "public"', 'slug = "other"', "no longer describes the phase 'public'"),
    ],
)
def test_what_an_open_phase_has_fixed_stays(
    folder: Path, organiser: User, old: str, new: str, words: str
) -> None:
    run(folder, publish=True)
    rewrite(folder, old, new)
    assert words in refusal(folder)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "Tiny wall"', 'title = "Tiny', "is not valid TOML"),
        ('title = "Tiny wall"\n', "", "has no title; add it"),
        ('slug = "tiny-wall"', 'slug = "Tiny Wall"', "has a wrong slug"),
        ('slug = "final"', 'slug = "public"', "has two phases with the slug 'public'"),
        ("per_day = 7", "per_week = 7", "has an unknown key phases[1].limits.per_week"),
        ("per_day = 7", "per_day = 0", "has a wrong phases[1].limits.per_day"),
        ("per_day = 7", 'per_day = "7"', "has a wrong phases[1].limits.per_day"),
        ('visibility = "open"', 'visibility = "all"', "'open', 'scores' or 'hidden'"),
        ("untrained-1", "standard-99", "standard-99"),
        ("public = true", 'ranking_metric = "beauty"', "does not measure 'beauty'"),
        ("public = true", 'ranking_metric = "fid"', "needs"),
        ('dataset = "held-out"', 'dataset = "nowhere"', "there is no dataset folder"),
        ("2199-02-01", "2198-02-01", "closes the phase 'final' before it opens"),
        ("opens_at = 2026-01-01", "closes_at = 2026-01-01", "'public' before it opens"),
        ("opens_at = 2026-01-01", 'opens_at = "soon"', "has a wrong phases[1].opens_at"),
        (PHASES, "", "has no phases; add it"),
    ],
)
def test_a_wrong_folder_is_refused_with_one_sentence(
    folder: Path, organiser: User, old: str, new: str, words: str
) -> None:
    rewrite(folder, old, new)
    said = refusal(folder)
    assert words in said
    assert said.endswith((".", "?"))
    assert "\n" not in said
    assert not Competition.objects.exists()


def test_a_folder_without_its_description_is_refused(tmp_path: Path, organiser: User) -> None:
    assert "name a folder that holds a competition.toml" in refusal(tmp_path)
    assert "name a folder that holds a competition.toml" in refusal(tmp_path / "none")


def test_text_that_is_not_utf8_is_refused(folder: Path, organiser: User) -> None:
    (folder / "rules.md").write_bytes(b"caf\xe9")
    assert "rules.md is not UTF-8 text" in refusal(folder)


def test_a_picture_that_is_damaged_is_refused(folder: Path, organiser: User) -> None:
    next((folder / "held-out" / "content").iterdir()).write_bytes(b"no picture")
    assert "content/content-" in refusal(folder)
    assert not Dataset.objects.exists()


def test_changed_pictures_need_a_new_version(folder: Path, organiser: User) -> None:
    run(folder)
    shutil.copy(
        folder / "public" / "content" / "content-0.png",
        folder / "public" / "content" / "content-9.png",
    )
    assert "give the changed dataset a new version" in refusal(folder)


def test_an_import_never_publishes_what_an_open_phase_is_judged_on(
    folder: Path, organiser: User
) -> None:
    rewrite(folder, "opens_at = 2199-01-01T12:00:00", "opens_at = 2026-01-01")
    run(folder, publish=True)
    other = write_competition(folder.parent / "other")
    rewrite(other, 'slug = "tiny-wall"', 'slug = "other-wall"')
    rewrite(other, 'smoke_dataset = "public"', 'smoke_dataset = "held-out"')

    assert "is judged on these pictures and has not closed" in refusal(other)
    assert not Dataset.objects.get(name="tiny-held-out").is_public


def test_an_open_phase_on_held_out_pictures_is_refused(folder: Path, organiser: User) -> None:
    rewrite(folder, "public = true\n", 'smoke_dataset = "held-out"\n')
    rewrite(folder, 'smoke_dataset = "public"\n', "")

    assert "which are held out" in refusal(folder)


def test_a_competition_is_its_organisers(folder: Path, organiser: User) -> None:
    UserFactory(username="eve")
    UserFactory(username="bob")
    run(folder, organiser="bob")
    assert "belongs to bob" in refusal(folder, organiser="eve")
    assert run(folder, organiser="olga").organiser.username == "bob"


def test_the_only_superuser_is_the_organiser_unless_named(folder: Path, organiser: User) -> None:
    assert run(folder).organiser == organiser


@pytest.mark.django_db
def test_an_unclear_organiser_is_asked_for(folder: Path) -> None:
    assert "--organiser" in refusal(folder)
    UserFactory.create_batch(2, is_superuser=True)
    assert "--organiser" in refusal(folder)
    assert "There is no user 'nobody'" in refusal(folder, organiser="nobody")


def test_a_database_without_tables_is_told_so(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    connection.close()
    # Every PostgreSQL cluster has a database of this name, in which nobody makes tables.
    empty = {"postgresql": "postgres", "sqlite": str(tmp_path / "empty.sqlite3")}
    monkeypatch.setitem(connection.settings_dict, "NAME", empty[connection.vendor])
    with django_db_blocker.unblock():
        with pytest.raises(CommandError) as caught:
            call_command("import_competition", folder, organiser="olga")
        connection.close()
    assert "run manage.py migrate first" in str(caught.value)
