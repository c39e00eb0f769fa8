import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('judging', '0003_lanes_of_old_shards'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='shard',
            name='lane',
            field=models.CharField(choices=[('smoke', 'Smoke runs'), ('full', 'Full runs'), ('rescore', 'Re-scores')], max_length=7),
        ),
        migrations.AlterField(
            model_name='shard',
            name='participant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
    ]
