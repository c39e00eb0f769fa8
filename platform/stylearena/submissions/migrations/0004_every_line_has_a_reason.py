from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('submissions', '0003_accounts_of_the_ledger')]

    operations = [
        migrations.AddConstraint(
            model_name='quotaentry',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='ledger_line_has_a_reason'),
        ),
    ]
