import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('competitions', '0002_grown'),
        ('submissions', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='QuotaAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('used', models.PositiveIntegerField(default=0, help_text='Reserved and not refunded.')),
                ('active', models.PositiveIntegerField(default=0, help_text='Reserved and not settled.')),
                ('most_used', models.PositiveIntegerField(blank=True, help_text='Empty: no limit.', null=True)),
                ('most_active', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='QuotaDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('used', models.PositiveIntegerField(default=0)),
                ('most', models.PositiveIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name='submission',
            name='standing',
            field=models.CharField(choices=[('ranked', 'On the board'), ('hidden', 'Hidden'), ('disqualified', 'Disqualified'), ('withdrawn', 'Withdrawn')], default='ranked', max_length=12),
        ),
        migrations.AddField(
            model_name='submission',
            name='standing_reason',
            field=models.TextField(blank=True, help_text="Shown to the entry's author."),
        ),
        migrations.AlterField(
            model_name='quotaentry',
            name='reason',
            field=models.CharField(max_length=200),
        ),
        migrations.AddConstraint(
            model_name='quotaentry',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'reserved'), _negated=True), fields=('submission',), name='one_settlement_a_submission'),
        ),
        migrations.AddField(
            model_name='quotaaccount',
            name='participant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='quota_accounts', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='quotaaccount',
            name='phase',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='accounts', to='competitions.phase'),
        ),
        migrations.AddField(
            model_name='quotaday',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='days', to='submissions.quotaaccount'),
        ),
        migrations.AddConstraint(
            model_name='quotaaccount',
            constraint=models.UniqueConstraint(fields=('phase', 'participant'), name='one_account_a_phase'),
        ),
        migrations.AddConstraint(
            model_name='quotaaccount',
            constraint=models.CheckConstraint(condition=models.Q(('most_used__isnull', True), ('used__lte', models.F('most_used')), _connector='OR'), name='no_more_used_than_allowed'),
        ),
        migrations.AddConstraint(
            model_name='quotaaccount',
            constraint=models.CheckConstraint(condition=models.Q(('active__lte', models.F('most_active'))), name='no_more_active_than_allowed'),
        ),
        migrations.AddConstraint(
            model_name='quotaday',
            constraint=models.UniqueConstraint(fields=('account', 'day'), name='one_row_a_day'),
        ),
        migrations.AddConstraint(
            model_name='quotaday',
            constraint=models.CheckConstraint(condition=models.Q(('used__lte', models.F('most'))), name='no_more_a_day_than_allowed'),
        ),
    ]
