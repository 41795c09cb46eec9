"""Charges that the payer's bank takes back."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sandbox', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='charge',
            name='dispute',
            field=models.CharField(blank=True, max_length=6),
        ),
        migrations.AddField(
            model_name='charge',
            name='disputed_amount',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='charge',
            name='disputes_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(condition=models.Q(('disputes_at__isnull', False)), fields=['disputes_at'], name='sandbox_charge_disputes'),
        ),
    ]
