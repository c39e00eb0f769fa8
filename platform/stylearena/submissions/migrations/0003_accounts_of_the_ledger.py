"""Accounts and reasons for a ledger that knew neither: the sums of what stands in it."""

from collections import Counter
from datetime import UTC

from django.db import migrations


def fill(apps, schema_editor):
    entries = apps.get_model("submissions", "QuotaEntry").objects.filter(reason="")
    entries.filter(kind="reserved").update(reason="submission.handed_in")
    entries.exclude(kind="reserved").update(reason="ledger.unstated")
    for (phase, participant), lines in _ledgers(apps).items():
        _open_account(apps, phase, participant, lines)


def _ledgers(apps):
    """Phase and participant → of each submission the day it reserved, and how it was settled."""
    found = {}
    submissions = apps.get_model("submissions", "Submission").objects.select_related("phase")
    for submission in submissions.prefetch_related("ledger").order_by("pk"):
        kinds = {line.kind: line for line in submission.ledger.all()}
        if reserved := kinds.pop("reserved", None):
            day = reserved.created_at.astimezone(UTC).date()
            key = submission.phase, submission.participant_id
            found.setdefault(key, []).append((day, next(iter(kinds), None)))
    return found


def _open_account(apps, phase, participant, lines):
    days = Counter(day for day, settled in lines if settled != "refunded")
    used, active = days.total(), sum(settled is None for _, settled in lines)
    account = apps.get_model("submissions", "QuotaAccount").objects.create(
        phase=phase,
        participant_id=participant,
        used=used,
        active=active,
        most_used=None if phase.in_total is None else max(phase.in_total, used),
        most_active=max(phase.at_once, active),
    )
    rows = apps.get_model("submissions", "QuotaDay").objects
    for day, count in days.items():
        rows.create(account=account, day=day, used=count, most=max(phase.per_day, count))


class Migration(migrations.Migration):

    dependencies = [("submissions", "0002_grown")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
