"""The second version of the protocol: streams by lane and epoch, envelopes in a table of their own."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0003_begin_anew")]

    operations = [
        # --- outbox
        migrations.RemoveConstraint("outgoing", "one_row_per_node_and_record"),
        migrations.RemoveConstraint("outgoing", "one_envelope_per_number"),
        migrations.RemoveIndex("outgoing", "exchange_ou_node_9db750_idx"),
        *(
            migrations.RemoveField("outgoing", name)
            for name in ("old_receipt", "seq", "hash", "envelope", "urgent")
        ),
        migrations.AlterField("outgoing", "node", models.CharField(max_length=30)),
        migrations.AlterField("outgoing", "queued_at", models.DateTimeField()),
        migrations.AddConstraint(
            "outgoing",
            models.UniqueConstraint(fields=["node", "record", "returned"], name="one_row_per_node_and_record"),
        ),
        migrations.AddIndex(
            "outgoing",
            models.Index(fields=["state", "node", "lane", "priority", "id"], name="exchange_ou_state_order"),
        ),
        # --- streams
        migrations.AlterModelOptions("stream", {"ordering": ["id"]}),
        migrations.RemoveConstraint("stream", "one_row_per_stream"),
        migrations.AddField("stream", "name", models.CharField(max_length=30, default=""), False),
        migrations.AddField("stream", "acked", models.BigIntegerField(default=0)),
        migrations.AddField("stream", "closed_at", models.BigIntegerField(null=True)),
        migrations.AddField("stream", "newest", models.BinaryField(null=True)),
        migrations.AddConstraint(
            "stream", models.UniqueConstraint(fields=["node", "incoming", "name"], name="one_row_per_stream")
        ),
        migrations.CreateModel(
            name="Sealed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.BigIntegerField()),
                ("hash", models.CharField(max_length=64)),
                ("envelope", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
                (
                    "outgoing",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sealed", to="exchange.outgoing"
                    ),
                ),
                (
                    "stream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="envelopes", to="exchange.stream"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(fields=("stream", "seq"), name="one_envelope_per_number")
                ],
            },
        ),
        # --- inbox
        migrations.RemoveConstraint("incoming", "one_receipt_per_number"),
        *(migrations.RemoveField("incoming", name) for name in ("node", "receipt")),
        migrations.AddField(
            "incoming",
            "stream",
            models.ForeignKey(
                default=0,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="taken",
                to="exchange.stream",
            ),
            False,
        ),
        migrations.AddField("incoming", "detail", models.CharField(blank=True, max_length=300, default=""), False),
        migrations.AddField("incoming", "payload", models.BinaryField(null=True)),
        migrations.AlterField("incoming", "received_at", models.DateTimeField()),
        migrations.AddConstraint(
            "incoming", models.UniqueConstraint(fields=["stream", "seq"], name="one_place_per_number")
        ),
        # --- links, restores, attachments
        migrations.RemoveField("link", "next_attempt_at"),
        migrations.AddField("link", "epoch", models.PositiveIntegerField(default=1)),
        migrations.AddField("link", "retry_asked_at", models.DateTimeField(null=True)),
        migrations.AddField("link", "rate", models.FloatField(null=True)),
        migrations.AddField("link", "cap", models.PositiveIntegerField(help_text="bytes a second", null=True)),
        migrations.CreateModel(
            name="Restore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("noticed_at", models.DateTimeField()),
                (
                    "by",
                    models.CharField(
                        help_text="the node whose evidence showed it, or `restore` of this program", max_length=30
                    ),
                ),
                ("evidence", models.JSONField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=60)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("epoch", models.PositiveIntegerField(null=True)),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.AddField(
            "attached", "wanted_from", models.CharField(blank=True, db_index=True, max_length=30, default=""), False
        ),
    ]
