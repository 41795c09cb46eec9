import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("zetel", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="remind_monthly",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="mail",
            name="owner_of",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="zetel.subscription"
            ),
        ),
        migrations.AddField(
            model_name="subscription",
            name="reminder_for",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="remind_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="subscription",
            name="reminder_set",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(models.When(reminder_for=models.F("next_bill_at"), then=True), default=False),
                output_field=models.BooleanField(),
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("reminder_set", False), ("status", "active")),
                fields=["next_bill_at"],
                name="subscription_reminder_unset",
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(
                    ("ends_on", None), ("parked_reason", ""), ("remind_at__isnull", False), ("status", "active")
                ),
                fields=["remind_at"],
                name="subscription_to_remind",
            ),
        ),
    ]
