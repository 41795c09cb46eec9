"""What credit notes take off invoices, shares of payments, what banks took back, and gateways' minimum amounts."""

import django.db.models.deletion
import zetel.models.ids
from django.db import migrations, models


def book_notes(apps, schema_editor):
    """Notes that were issued before say of their one invoice what they took off it."""
    Invoice, Credit = apps.get_model("zetel", "Invoice"), apps.get_model("zetel", "Credit")
    notes = Invoice.objects.filter(kind="credit_note", credits__isnull=False)
    for note in notes.prefetch_related("taxes", "balance_entries").iterator(chunk_size=500):
        Credit.objects.create(
            note=note,
            invoice_id=note.credits_id,
            amount=-note.total_amount,
            balance_amount=sum(row.amount for row in note.balance_entries.all()),
            taxes=[
                [row.category, row.rate_bp, -row.base_amount, -row.tax_amount] for row in note.taxes.all()
            ],
        )


class Migration(migrations.Migration):

    dependencies = [
        ('zetel', '0004_offers'),
    ]

    operations = [
        migrations.AddField(
            model_name='paymentmethod',
            name='minimum_amounts',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='refund',
            name='credit_note',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refunds_of_note', to='zetel.invoice'),
        ),
        migrations.AddField(
            model_name='refund',
            name='invoice',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='zetel.invoice'),
        ),
        migrations.CreateModel(
            name='Credit',
            fields=[
                ('id', models.UUIDField(default=zetel.models.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('amount', models.BigIntegerField()),
                ('balance_amount', models.BigIntegerField(default=0)),
                ('taxes', models.JSONField(default=list)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credits_on', to='zetel.invoice')),
                ('note', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credit_shares', to='zetel.invoice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('note', 'invoice'), name='credit_once')],
            },
        ),
        migrations.CreateModel(
            name='PaymentShare',
            fields=[
                ('id', models.UUIDField(default=zetel.models.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('amount', models.BigIntegerField()),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payment_shares', to='zetel.invoice')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='zetel.payment')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='share_positive'), models.UniqueConstraint(fields=('payment', 'invoice'), name='share_once')],
            },
        ),
        migrations.CreateModel(
            name='TakenBack',
            fields=[
                ('id', models.UUIDField(default=zetel.models.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('amount', models.BigIntegerField()),
                ('reason', models.CharField(blank=True, max_length=64)),
                ('taken_at', models.DateTimeField()),
                ('returned_at', models.DateTimeField(blank=True, null=True)),
                ('said_at', models.DateTimeField()),
                ('is_for_staff', models.BooleanField(default=False)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='taken_back', to='zetel.invoice')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='taken_back', to='zetel.payment')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='taken_back_positive'), models.UniqueConstraint(condition=models.Q(('returned_at', None)), fields=('payment', 'invoice'), name='taken_back_once')],
            },
        ),
        migrations.RunPython(book_notes, migrations.RunPython.noop),
    ]
