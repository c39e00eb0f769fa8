import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('competitions', '0002_grown'),
        ('judging', '0001_initial'),
        ('submissions', '0002_grown'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Rescore',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('protocol', models.CharField(max_length=80)),
                ('protocol_digest', models.CharField(max_length=64)),
                ('evaluator_version', models.CharField(max_length=40)),
                ('note', models.TextField(blank=True)),
                ('state', models.CharField(choices=[('open', 'Under way'), ('promoted', 'Promoted'), ('dropped', 'Dropped')], default='open', max_length=8)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-created_at',),
            },
        ),
        migrations.CreateModel(
            name='Turn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lane', models.CharField(choices=[('smoke', 'Smoke runs'), ('full', 'Full runs'), ('rescore', 'Re-scores')], max_length=7)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('version', models.PositiveBigIntegerField(default=0)),
            ],
            options={
                'ordering': ('lane', 'at'),
            },
        ),
        migrations.RemoveConstraint(
            model_name='evaluation',
            name='one_evaluation_a_provenance',
        ),
        migrations.AddField(
            model_name='evaluation',
            name='compared_with',
            field=models.ForeignKey(blank=True, help_text='Of a re-score: what stood on the board when it was queued.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='judging.evaluation'),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='leased_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='not_before',
            field=models.DateTimeField(default=django.utils.timezone.now, help_text='A conclusion that met a fault of ours waits until then.'),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='token',
            field=models.PositiveIntegerField(default=0, help_text="Of the lease on its conclusion, which is fenced as a shard's is."),
        ),
        migrations.AddField(
            model_name='shard',
            name='lane',
            field=models.CharField(choices=[('smoke', 'Smoke runs'), ('full', 'Full runs'), ('rescore', 'Re-scores')], default='full', max_length=7),
        ),
        migrations.AddField(
            model_name='shard',
            name='not_before',
            field=models.DateTimeField(default=django.utils.timezone.now, help_text='After a fault of ours it waits until then.'),
        ),
        migrations.AddField(
            model_name='shard',
            name='participant',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='evaluation',
            name='faults',
            field=models.PositiveSmallIntegerField(default=0, help_text='Of ours, in its conclusion.'),
        ),
        migrations.AddIndex(
            model_name='shard',
            index=models.Index(condition=models.Q(('state', 'queued')), fields=['lane', 'participant', 'id'], name='shard_queue'),
        ),
        migrations.AddIndex(
            model_name='shard',
            index=models.Index(condition=models.Q(('state', 'running')), fields=['participant', 'lane'], name='shard_running'),
        ),
        migrations.AddField(
            model_name='rescore',
            name='dataset',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='competitions.dataset'),
        ),
        migrations.AddField(
            model_name='rescore',
            name='ended_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='rescore',
            name='phase',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rescores', to='competitions.phase'),
        ),
        migrations.AddField(
            model_name='rescore',
            name='started_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='rescore',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='evaluations', to='judging.rescore'),
        ),
        migrations.AddConstraint(
            model_name='evaluation',
            constraint=models.UniqueConstraint(condition=models.Q(('rescore__isnull', True)), fields=('submission', 'stage'), name='one_evaluation_a_stage'),
        ),
        migrations.AddConstraint(
            model_name='evaluation',
            constraint=models.UniqueConstraint(fields=('submission', 'rescore'), name='one_evaluation_a_rescore'),
        ),
        migrations.AddField(
            model_name='turn',
            name='participant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='rescore',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('phase',), name='one_open_rescore'),
        ),
        migrations.AddIndex(
            model_name='turn',
            index=models.Index(fields=['lane', 'at'], name='turn_next'),
        ),
        migrations.AddConstraint(
            model_name='turn',
            constraint=models.UniqueConstraint(fields=('lane', 'participant'), name='one_turn_a_lane'),
        ),
    ]
