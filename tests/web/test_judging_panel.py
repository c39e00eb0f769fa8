"""The live panel: what it says at each stage, to whom, and when the polling ends."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from stylearena.accounts.models import User
from stylearena.competitions.models import Visibility
from stylearena.judging import queries, services
from stylearena.judging.models import Shard, Stage
from stylearena.judging.templatetags.judging import in_words
from stylearena.submissions.models import Submission
from tests.web.factories import UserFactory
from tests.web.judging_rows import (
    begun,
    claimed,
    concluded,
    evaluation_of,
    judged,
    shards_of,
    smoked,
    submitted,
)

HTMX = {"HX-Request": "true"}


def look(submission: Submission, by: User | None = None, **headers: str) -> tuple[int, str]:
    client = Client()
    if by is not None:
        client.force_login(by)
    answer = client.get(reverse("judging:panel", args=[submission.pk]), headers=headers)
    return answer.status_code, answer.content.decode()


def test_only_the_owner_and_staff_see_the_panel(db: None) -> None:
    submission = begun()
    assert look(submission, submission.participant)[0] == 200
    assert look(submission, UserFactory(is_staff=True))[0] == 404  # organises nothing
    assert look(submission, UserFactory(is_superuser=True))[0] == 200
    assert look(submission, submission.phase.competition.organiser)[0] == 200
    assert look(submission, UserFactory())[0] == 404
    assert look(submission)[0] == 302


def test_a_waiting_submission_knows_its_place_in_the_queue(db: None) -> None:
    begun()
    second = begun()
    assert "Number 2 in the queue" in look(second, second.participant)[1]


def test_a_running_submission_shows_its_pairs(db: None) -> None:
    submission = smoked(pairs=6, shard_pairs=3, visibility=Visibility.OPEN)
    first, second = shards_of(submission, Stage.FULL)
    services.finish(claimed(first), b"result")
    services.heartbeat(claimed(second), done=1)
    status, page = look(submission, submission.participant, **HTMX)
    assert status == 200
    assert "4 of 6 pairs done" in page
    assert 'value="4"' in page


def test_a_held_out_run_shows_tenths_and_no_pair(db: None) -> None:
    submission = smoked(pairs=40, shard_pairs=40)
    lease = claimed(shards_of(submission, Stage.FULL)[0])
    shown = set()
    for done in (12, 13, 15):
        services.heartbeat(lease, done=done)
        page = look(submission, submission.participant, **HTMX)[1]
        shown.add(re.sub(r"About .* left in this stage\.", "", page))
    (page,) = shown  # pair after pair the same page
    assert "3 of 10 parts done" in page
    assert 'value="3"' in page
    assert "40" not in page.replace(submission.name, "")


def list_of(submission: Submission) -> str:
    client = Client()
    client.force_login(submission.participant)
    return client.get(reverse("submissions:mine"), headers=HTMX).content.decode()


def test_the_list_of_submissions_shows_tenths_of_a_held_out_run_too(db: None) -> None:
    submission = smoked(pairs=40, shard_pairs=40)
    lease = claimed(shards_of(submission, Stage.FULL)[0])
    shown = set()
    for done in (12, 13, 15):
        services.heartbeat(lease, done=done)
        shown.add(list_of(submission).split("row-progress")[1].split("<form")[0])
    (progress,) = shown  # pair after pair the same row
    assert "3 of 10 parts" in progress
    assert 'value="3"' in progress
    assert "40" not in progress.replace(submission.name, "")


def test_the_list_of_submissions_counts_the_pairs_of_a_smoke_run(db: None) -> None:
    submission = begun()
    services.heartbeat(claimed(shards_of(submission, Stage.SMOKE)[0]), done=1)
    assert "1 of 2 pairs" in list_of(submission)


def test_the_estimate_of_a_held_out_run_follows_its_tenths(db: None) -> None:
    submission = smoked(pairs=40, shard_pairs=40)
    lease = claimed(shards_of(submission, Stage.FULL)[0])
    evaluation = evaluation_of(submission)
    evaluation.started_at = timezone.now() - timedelta(seconds=60)
    evaluation.save()
    for done in (8, 11):  # both are two tenths
        services.heartbeat(lease, done=done)
        assert queries.progress(submission).seconds_left == pytest.approx(240, rel=0.01)


def test_the_log_and_the_reason_of_a_failed_smoke_run_are_shown_escaped(db: None) -> None:
    submission = begun()
    lease = claimed(shards_of(submission, Stage.SMOKE)[0])
    services.fail(lease, "entry.exception", "<b>bad</b>", "<script>alert(1)</script>")
    page = look(submission, submission.participant)[1]
    assert "&lt;b&gt;bad&lt;/b&gt;" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page


def test_the_polling_ends_with_the_submission(db: None) -> None:
    submission = judged()
    assert concluded(submission)
    assert look(submission, submission.participant, **HTMX)[0] == 286
    assert look(submission, submission.participant)[0] == 200


@pytest.mark.parametrize(
    ("make", "titles"),
    [
        (submitted, ["Smoke run"]),
        (begun, ["Smoke run"]),
        (smoked, ["Full run"]),
    ],
)
def test_the_current_step_is_the_stage_that_runs(db: None, make: object, titles: list[str]) -> None:
    submission = make()
    steps = queries.steps(submission, queries.progress(submission).stage)
    assert [step.title for step in steps if step.status == "current"] == titles


def test_the_estimate_comes_from_measured_shards(db: None) -> None:
    done = judged(pairs=4, shard_pairs=4)
    (shard,) = shards_of(done, Stage.FULL)
    Shard.objects.filter(pk=shard.pk).update(started_at=shard.finished_at.replace(microsecond=0))
    waiting = smoked(pairs=4, shard_pairs=4)
    assert queries.progress(waiting).seconds_left is None  # another dataset: nothing is known
    evaluation = evaluation_of(waiting)
    evaluation.dataset = evaluation_of(done).dataset
    evaluation.save()
    assert queries.progress(waiting).seconds_left is not None


def test_somebody_elses_many_runs_do_not_push_one_back(db: None) -> None:
    greedy = UserFactory()
    for _ in range(3):
        smoked(participant=greedy)
    modest = smoked()
    assert queries.progress(modest).place_in_queue == 2
    last = greedy.submissions.order_by("created_at").last()
    assert queries.progress(last).place_in_queue == 4


def test_the_estimate_of_a_running_entry_follows_its_own_pace(db: None) -> None:
    submission = smoked(pairs=8, shard_pairs=8, visibility=Visibility.OPEN)
    (shard,) = shards_of(submission, Stage.FULL)
    services.heartbeat(claimed(shard), done=2)
    Shard.objects.filter(pk=shard.pk).update(started_at=timezone.now() - timedelta(seconds=60))
    assert queries.progress(submission).seconds_left == pytest.approx(180, rel=0.01)


def test_the_panel_costs_the_same_queries_however_many_wait(
    db: None, django_assert_max_num_queries: object
) -> None:
    for _ in range(3):
        begun()
    submission = begun()
    with django_assert_max_num_queries(9):
        queries.progress(submission)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 second"), (42, "42 seconds"), (180, "3 minutes"), (7200, "2 hours")],
)
def test_a_duration_reads_as_people_say_it(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_without_javascript_the_panel_is_a_page_of_its_own(db: None) -> None:
    submission = smoked()
    client = Client()
    client.force_login(submission.participant)
    address = reverse("judging:panel", args=[submission.pk])
    page = client.get(address).content.decode()
    fragment = client.get(address, headers=HTMX).content.decode()
    assert 'class="wordmark"' in page
    assert "hello" in page  # the smoke log
    assert 'class="wordmark"' not in fragment
