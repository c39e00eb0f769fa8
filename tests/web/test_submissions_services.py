"""Intake, quota, cancelling and the ledger."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks

from evaluator.errors import ParticipantError
from stylearena.accounts.models import User
from stylearena.celery import app as celery_app
from stylearena.competitions.models import AuditEntry, Phase
from stylearena.submissions import intake, queries, services
from stylearena.submissions import quota as ledger
from stylearena.submissions.models import (
    QuotaAccount,
    QuotaDay,
    QuotaEntry,
    QuotaKind,
    State,
    Submission,
)
from tests.web.factories import PhaseFactory, SubmissionFactory, UserFactory, upload


def hand_in(phase: Phase, participant: User, **changes: object) -> Submission:
    file = upload(**changes)
    return services.submit(phase=phase, participant=participant, upload=file, filename=file.name)


def reserved(**fields: object) -> Submission:
    submission = SubmissionFactory(**fields)
    ledger.reserve(submission)
    return submission


def test_a_good_entry_is_queued_with_what_it_says_of_itself(participant: User) -> None:
    submission = hand_in(PhaseFactory(), participant)
    submission.refresh_from_db()
    assert (submission.state, submission.name) == (State.QUEUED, "My method")
    assert submission.info["runtime"] == "onnx"
    assert len(submission.digest) == 64
    assert default_storage.size(submission.archive.name) == submission.size_bytes


def test_judging_is_told_only_when_the_row_is_there(
    participant: User,
    told: list[tuple[str, list[str]]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        submission = hand_in(PhaseFactory(), participant)
    assert told == []
    for callback in callbacks:
        callback()
    assert told == [("judging.begin", [str(submission.id)])]


def test_a_missing_broker_loses_no_submission(
    participant: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def no_broker(*_args: object, **_options: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(celery_app, "send_task", no_broker)
    with django_capture_on_commit_callbacks(execute=True):
        submission = hand_in(PhaseFactory(), participant)
    assert Submission.objects.get().pk == submission.pk


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("model.onnx", b"not a model", "entry.onnx.unreadable"),
        ("model.zip", b"not a zip", "entry.archive.corrupt"),
        ("model.zip", b"", "entry.archive.empty"),
        ("model.exe", b"x", "entry.archive.type"),
    ],
)
def test_a_bad_entry_is_refused_and_leaves_nothing(
    participant: User, name: str, data: bytes, code: str
) -> None:
    with pytest.raises(ParticipantError) as refused:
        hand_in(PhaseFactory(), participant, name=name, data=data)
    assert refused.value.code == code
    assert not Submission.objects.exists()
    assert not QuotaEntry.objects.exists()
    assert not default_storage.exists("entries")


def test_an_upload_over_the_limit_is_refused_while_it_arrives(participant: User) -> None:
    phase = PhaseFactory(archive_bytes=1024)
    with pytest.raises(ParticipantError, match="more than the"):
        hand_in(phase, participant, data=b"x" * 1025)


@pytest.mark.parametrize(
    ("opens", "closes", "sentence"), [(-9, -1, "is closed"), (1, 9, "opens on")]
)
def test_a_phase_takes_nothing_before_or_after_its_time(
    participant: User, opens: int, closes: int, sentence: str
) -> None:
    now = timezone.now()
    phase = PhaseFactory(
        opens_at=now + timedelta(days=opens), closes_at=now + timedelta(days=closes)
    )
    with pytest.raises(ParticipantError, match=sentence) as refused:
        hand_in(phase, participant)
    assert refused.value.code == "phase.closed"


def test_the_first_submission_freezes_the_phase(participant: User) -> None:
    phase = PhaseFactory()
    hand_in(phase, participant)
    assert Phase.objects.get().frozen_at is not None


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"per_day": 1}, "for today"),
        ({"in_total": 1}, "there are no more"),
        ({"at_once": 1}, "are being judged now"),
    ],
)
def test_each_quota_refuses_in_its_own_words(
    participant: User, limits: dict[str, int], sentence: str
) -> None:
    phase = PhaseFactory(**limits)
    hand_in(phase, participant)
    with pytest.raises(ParticipantError, match=sentence) as refused:
        hand_in(phase, participant)
    assert refused.value.code == "quota.exceeded"
    assert Submission.objects.count() == 1


def test_quota_counts_per_phase_and_per_participant(participant: User) -> None:
    phase = PhaseFactory(per_day=3, in_total=5)
    reserved(phase=phase)
    reserved(participant=participant)
    quota = queries.quota(phase, participant)
    assert (quota.left_today, quota.left_in_total, quota.left_at_once) == (3, 5, 2)


def test_yesterdays_submissions_count_only_in_total(participant: User) -> None:
    phase = PhaseFactory(per_day=3, in_total=5)
    reserved(phase=phase, participant=participant, state=State.SCORED)
    QuotaDay.objects.update(day=timezone.now().date() - timedelta(days=1))
    quota = queries.quota(phase, participant)
    assert (quota.left_today, quota.left_in_total) == (3, 4)


def test_the_day_of_the_quota_ends_at_midnight_utc(participant: User) -> None:
    resets_at = queries.quota(PhaseFactory(), participant).resets_at
    assert (resets_at.hour, resets_at.minute, resets_at.utcoffset()) == (0, 0, timedelta(0))
    assert timedelta(0) < resets_at - timezone.now() <= timedelta(days=1)


def test_a_refunded_submission_counts_for_nothing(participant: User) -> None:
    phase = PhaseFactory(per_day=3, in_total=5)
    submission = reserved(phase=phase, participant=participant, state=State.ERROR)
    services.refund(submission.pk, "The platform failed.")
    quota = queries.quota(phase, participant)
    assert (quota.left_today, quota.left_in_total) == (3, 5)


def test_a_charged_submission_still_counts_once(participant: User) -> None:
    phase = PhaseFactory(per_day=3)
    submission = reserved(phase=phase, participant=participant, state=State.SCORED)
    services.charge(submission.pk, "evaluation.scored")
    assert queries.quota(phase, participant).left_today == 2


def test_a_reservation_is_settled_only_once(db: None) -> None:
    submission = reserved()
    assert services.charge(submission.pk, "evaluation.scored")
    assert not services.charge(submission.pk, "evaluation.scored")
    assert not services.refund(submission.pk, "Too late.")
    assert list(submission.ledger.values_list("kind", flat=True)) == ["reserved", "charged"]


def test_every_line_of_the_ledger_says_why(db: None) -> None:
    submission = reserved()
    services.refund(submission.pk, "platform.faults")
    reasons = list(submission.ledger.values_list("kind", "reason"))
    assert reasons == [("reserved", "submission.handed_in"), ("refunded", "platform.faults")]
    with pytest.raises(IntegrityError), transaction.atomic():
        submission.ledger.create(kind=QuotaKind.CHARGED, reason="")


def test_the_database_refuses_a_second_settlement(db: None) -> None:
    submission = reserved()
    services.charge(submission.pk, "evaluation.scored")
    with pytest.raises(IntegrityError), transaction.atomic():
        submission.ledger.create(kind=QuotaKind.REFUNDED, reason="platform.faults")


@pytest.mark.parametrize("limits", [{"per_day": 1}, {"in_total": 1}, {"at_once": 1}])
def test_the_database_refuses_one_too_many_whatever_the_code_does(
    participant: User, limits: dict[str, int]
) -> None:
    phase = PhaseFactory(**limits)
    reserved(phase=phase, participant=participant)
    one_more = SubmissionFactory(phase=phase, participant=participant)
    with pytest.raises(IntegrityError):
        ledger.reserve(one_more)  # without looking whether there is room


def test_a_refund_gives_room_back_in_every_sum(participant: User) -> None:
    phase = PhaseFactory(per_day=1, in_total=1, at_once=1)
    submission = reserved(phase=phase, participant=participant)
    services.refund(submission.pk, "platform.faults")
    reserved(phase=phase, participant=participant)
    account = QuotaAccount.objects.get()
    assert (account.used, account.active, account.days.get().used) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_uploads_at_the_same_instant_never_overshoot(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[str, list[str]]]
) -> None:
    phase, participant = PhaseFactory(per_day=2, at_once=9), UserFactory()
    everyone_is_checked = Barrier(4, timeout=60)
    check = services.open_entry

    def check_and_wait(*args: object) -> object:
        entry = check(*args)
        everyone_is_checked.wait()  # all have seen quota left by now
        return entry

    def one_upload() -> None:
        try:
            hand_in(phase, participant)
        except ParticipantError as error:
            refused.append(error.code)
        finally:
            connection.close()

    refused: list[str] = []
    monkeypatch.setattr(services, "open_entry", check_and_wait)
    threads = [Thread(target=one_upload) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["quota.exceeded"] * 2
    assert Submission.objects.count() == QuotaEntry.objects.count() == 2
    assert len(default_storage.listdir("entries")[1]) == 2


def test_a_queued_submission_is_cancelled_at_once_and_refunded(participant: User) -> None:
    submission = reserved(participant=participant)
    assert services.cancel(submission, by=participant)
    submission.refresh_from_db()
    assert submission.state == State.CANCELLED
    assert submission.finished_at is not None
    assert submission.ledger.filter(kind=QuotaKind.REFUNDED).exists()


def test_a_queued_submission_says_who_cancelled_it(participant: User, organiser: User) -> None:
    mine, theirs = (reserved(participant=participant) for _ in range(2))
    services.cancel(mine, by=participant)
    services.cancel(theirs, by=organiser)
    reasons = [Submission.objects.get(pk=one.pk).reason for one in (mine, theirs)]
    assert reasons == ["Cancelled by its participant.", "Cancelled by an organiser."]
    assert AuditEntry.objects.get().by == organiser


def test_a_wish_is_logged_once(participant: User, organiser: User) -> None:
    submission = reserved(participant=participant, state=State.RUNNING)
    assert services.cancel(submission, by=organiser)
    assert not services.cancel(submission, by=organiser)
    assert AuditEntry.objects.count() == 1


def test_a_running_submission_is_asked_to_end(participant: User) -> None:
    submission = reserved(participant=participant, state=State.RUNNING)
    assert services.cancel(submission, by=participant)
    submission.refresh_from_db()
    assert submission.state == State.RUNNING
    assert submission.cancel_requested_at is not None
    assert not submission.ledger.filter(kind=QuotaKind.REFUNDED).exists()


def test_a_finished_submission_cannot_be_cancelled(participant: User) -> None:
    submission = reserved(participant=participant, state=State.SCORED)
    assert not services.cancel(submission, by=participant)
    submission.refresh_from_db()
    assert submission.cancel_requested_at is None


def test_only_its_participant_or_staff_may_cancel(participant: User, organiser: User) -> None:
    submission = reserved()
    with pytest.raises(PermissionDenied):
        services.cancel(submission, by=participant)
    assert services.cancel(submission, by=organiser)


def test_a_transition_happens_once_and_stamps_the_time(participant: User) -> None:
    submission = SubmissionFactory(participant=participant)
    start = {"to": State.RUNNING, "frm": [State.QUEUED]}
    assert services.transition(submission.pk, **start)
    assert not services.transition(submission.pk, **start)
    end = {"to": State.FAILED, "frm": [State.RUNNING], "reason_code": "c", "reason": "Why."}
    assert services.transition(submission.pk, **end)
    submission.refresh_from_db()
    assert (submission.state, submission.reason_code, submission.reason) == ("failed", "c", "Why.")
    assert submission.started_at <= submission.finished_at


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.zip", "passwd.zip"),
        ("C:\\models\\paint.onnx", "paint.onnx"),
        ("Œuvre n°1 (v2).onnx", "Œuvre n-1 (v2).onnx"),
        ("\u202e\x00gpj.zip", "gpj.zip"),
        ("…….onnx", "entry.onnx"),
        ("x" * 300 + ".onnx", "x" * 80 + ".onnx"),
    ],
)
def test_an_uploads_name_is_never_a_path(given: str, kept: str) -> None:
    assert intake.safe_name(given) == kept
