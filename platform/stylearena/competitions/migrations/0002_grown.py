import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('competitions', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='phase',
            name='board_version',
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
        migrations.AddField(
            model_name='phase',
            name='processes',
            field=models.PositiveIntegerField(default=64, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(4096)]),
        ),
        migrations.AddField(
            model_name='phase',
            name='sandbox',
            field=models.CharField(blank=True, choices=[('bubblewrap', 'Full confinement (bubblewrap)'), ('unshare', 'Namespaces by our own launcher'), ('landlock', 'Landlock, for ONNX entries only')], help_text='The weakest sandbox that entries may be run in. Empty: what the workers have.', max_length=20),
        ),
        migrations.AddField(
            model_name='phase',
            name='scratch_bytes',
            field=models.PositiveBigIntegerField(default=268435456),
        ),
        migrations.AlterField(
            model_name='phase',
            name='wall_seconds',
            field=models.FloatField(default=1800.0, help_text='For the whole run; a shard gets its share, and the time to load the entry.', validators=[django.core.validators.MinValueValidator(1.0)]),
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(help_text='Dotted code, such as entry.disqualified.', max_length=60)),
                ('subject', models.CharField(max_length=300)),
                ('detail', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('competition', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='audit_log', to='competitions.competition')),
            ],
            options={
                'verbose_name_plural': 'audit entries',
                'ordering': ('-created_at', '-id'),
                'indexes': [models.Index(fields=['competition', '-created_at'], name='audit_newest')],
            },
        ),
    ]
