from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('zetel', '0014_attempts_sent'),
    ]

    operations = [
        migrations.AddField(
            model_name='paymentmethod',
            name='given_up_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
