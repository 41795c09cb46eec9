"""Trials: the day on which one ends, when something is done for it next, and that a space has one once (rule P10)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("zetel", "0002_reminders"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="trial_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="trial_ends_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("parked_reason", ""), ("status", "trial")),
                fields=["trial_due_at"],
                name="subscription_trial_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                condition=models.Q(("trial_ends_on__isnull", False)),
                fields=("space",),
                name="subscription_one_trial",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "trial"), _negated=True),
                    ("trial_ends_on__isnull", False),
                    _connector="OR",
                ),
                name="subscription_trial_ends",
            ),
        ),
    ]
