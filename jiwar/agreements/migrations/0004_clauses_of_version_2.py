from django.db import migrations


def complete(apps, schema_editor):
    """Clauses of texts of version 1 say nothing of what version 2 added."""
    for row in apps.get_model("agreements", "Agreement").objects.all():
        added = {"depth_km": None, "retention_days": None, "answer_within_hours": None}
        row.clauses = [added | clause for clause in row.clauses]
        row.save(update_fields=["clauses"])


class Migration(migrations.Migration):

    dependencies = [
        ('agreements', '0003_what_is_said_is_read_from_records'),
    ]

    operations = [
        migrations.RunPython(complete, migrations.RunPython.noop),
    ]
