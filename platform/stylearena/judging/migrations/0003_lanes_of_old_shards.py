"""Shards that were cut before there were lanes: whose they are, and which lane they are in."""

from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    shards = apps.get_model("judging", "Shard").objects.filter(participant=None)
    evaluations = apps.get_model("judging", "Evaluation").objects.filter(pk=OuterRef("evaluation"))
    shards.filter(evaluation__stage="smoke").update(lane="smoke")
    shards.update(participant=Subquery(evaluations.values("submission__participant")[:1]))


class Migration(migrations.Migration):

    dependencies = [("judging", "0002_grown")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
