import django.utils.timezone
from django.db import migrations, models
from django.db.models import Max


def keep_the_newest(apps, schema_editor):
    """Of the checkpoints that came with each greeting, one of each node: they were not proven to continue each other."""
    rows = apps.get_model("audit", "Checkpoint").objects.using(schema_editor.connection.alias)
    newest = rows.order_by().values("node").annotate(newest=Max("id")).values_list("newest", flat=True)
    rows.exclude(id__in=list(newest)).delete()


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_tiles")]

    operations = [
        migrations.RunPython(keep_the_newest),
        migrations.CreateModel(
            name="Epoch",
            fields=[
                ("number", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("size", models.BigIntegerField(help_text="leaves that were brought back")),
                ("root", models.CharField(max_length=44)),
                ("at", models.DateTimeField()),
                ("reason", models.CharField(max_length=1000)),
                ("evidence", models.JSONField(default=dict, help_text="what neighbours hold of what was lost: signed notes, by node")),
            ],
            options={"ordering": ["number"]},
        ),
        migrations.AlterModelOptions("checkpoint", {"ordering": ["node", "epoch", "size"]}),
        migrations.AddField("checkpoint", "epoch", models.PositiveIntegerField(default=1)),
        migrations.AddField(
            "checkpoint", "seen_at", models.DateTimeField(auto_now_add=True, default=django.utils.timezone.now), preserve_default=False
        ),
        migrations.AddField("checkpoint", "offered", models.BooleanField(default=False)),
        migrations.RemoveConstraint("checkpoint", "one_checkpoint_per_tree"),
        migrations.AddConstraint(
            "checkpoint",
            models.UniqueConstraint(fields=["node", "epoch", "size", "root"], name="one_checkpoint_per_tree"),
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("witness", models.CharField(max_length=30)),
                ("at", models.DateTimeField()),
                ("line", models.CharField(max_length=1000)),
                ("checkpoint", models.ForeignKey(on_delete=models.CASCADE, related_name="cosignatures", to="audit.checkpoint")),
            ],
            options={
                "ordering": ["witness"],
                "constraints": [models.UniqueConstraint(fields=["checkpoint", "witness"], name="one_cosignature_per_witness")],
            },
        ),
        migrations.CreateModel(
            name="Conversation",
            fields=[
                ("node", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("talk", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="Fork",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("node", models.CharField(db_index=True, max_length=30)),
                ("found_at", models.DateTimeField()),
                ("source", models.CharField(max_length=30)),
                ("evidence", models.TextField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("accepted_by", models.CharField(blank=True, max_length=60)),
                ("reason", models.CharField(blank=True, max_length=1000)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [models.UniqueConstraint(condition=models.Q(("accepted_at", None)), fields=("node",), name="one_open_fork")],
            },
        ),
    ]
