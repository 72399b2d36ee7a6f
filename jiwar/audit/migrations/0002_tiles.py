"""The tree moves from one row per subtree to tiles of 256 hashes: what was stored at levels 0, 8, 16 stays."""

from itertools import groupby

from django.db import migrations, models

WIDTH, HEIGHT, BATCH = 256, 8, 200


def to_tiles(apps, schema_editor):
    database = schema_editor.connection.alias
    nodes, tiles = (apps.get_model("audit", name).objects.using(database) for name in ("TreeNode", "Tile"))
    for level in sorted(set(nodes.filter(level__in=range(0, 64, HEIGHT)).values_list("level", flat=True).distinct())):
        rows, expected = [], 0
        stored = nodes.filter(level=level).order_by("index").values_list("index", "hash").iterator(chunk_size=5000)
        for index, group in groupby(stored, key=lambda row: row[0] // WIDTH):
            hashes = []
            for position, value in group:
                if position != expected:
                    raise RuntimeError(f"the ledger lacks the hash {expected} of level {level}")
                expected += 1
                hashes.append(bytes(value))
            rows.append(tiles.model(level=level // HEIGHT, index=index, hashes=b"".join(hashes)))
            if len(rows) == BATCH:
                tiles.bulk_create(rows)
                rows = []
        tiles.bulk_create(rows)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Tile",
            fields=[
                ("pk", models.CompositePrimaryKey("level", "index", blank=True, editable=False, primary_key=True, serialize=False)),
                ("level", models.PositiveSmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("hashes", models.BinaryField(max_length=8192)),
            ],
        ),
        migrations.RunPython(to_tiles),
        migrations.DeleteModel(name="TreeNode"),
        migrations.AlterField("leaf", "at", models.DateTimeField()),
        migrations.AlterField("leaf", "act", models.CharField(max_length=60)),
        migrations.AlterField("leaf", "actor", models.CharField(max_length=60)),
        migrations.AlterField("leaf", "subject", models.CharField(max_length=80)),
        *(
            migrations.AddIndex("leaf", models.Index(fields=[name, "index"], name=f"leaves_by_{name}"))
            for name in ("act", "actor", "case", "subject")
        ),
    ]
