"""Towards the second version of the protocol: receipts in a table of their own; what is under way begins anew.

What was sealed in the first version and not receipted is queued to be sealed anew; what a recipient has already, it
takes once. Numbers begin anew on both sides, for streams have other names now.
"""

import django.db.models.deletion
from django.db import migrations, models



def carry_over(apps, schema_editor):
    Outgoing, Receipt = apps.get_model("exchange", "Outgoing"), apps.get_model("exchange", "Receipt")
    Stream, Incoming = apps.get_model("exchange", "Stream"), apps.get_model("exchange", "Incoming")
    Incoming.objects.all().delete()
    Stream.objects.all().delete()
    Outgoing.objects.filter(state="sealed").update(state="queued")
    Outgoing.objects.filter(urgent=True).update(lane="urgent")
    for row in Outgoing.objects.exclude(old_receipt="").iterator():
        row.receipt = Receipt.objects.create(
            first=row.seq, last=row.seq, text=row.old_receipt, received_at=row.acknowledged_at
        )
        row.save(update_fields=["receipt"])
    if schema_editor.connection.vendor == "postgresql":
        # It changes no table while a check of a foreign key is pending.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [("exchange", "0002_attached"), ("records", "0002_cosignature")]

    operations = [
        migrations.RenameField("outgoing", "receipt", "old_receipt"),
        migrations.AddField("outgoing", "lane", models.CharField(max_length=10, default="routine"), False),
        migrations.AddField("outgoing", "priority", models.PositiveSmallIntegerField(default=5)),
        migrations.AddField("outgoing", "returned", models.BooleanField(default=False)),
        migrations.AddField("outgoing", "there", models.BooleanField(default=False)),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.BigIntegerField()),
                ("last", models.BigIntegerField()),
                ("text", models.TextField(help_text="the signed JSON")),
                ("key", models.CharField(max_length=16)),
                ("signature", models.CharField(max_length=100)),
                ("received_at", models.DateTimeField()),
                (
                    "stream",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipts",
                        to="exchange.stream",
                    ),
                ),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.AddField(
            "outgoing",
            "receipt",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="exchange.receipt"
            ),
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
    ]
