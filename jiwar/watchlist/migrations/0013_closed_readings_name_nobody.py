from django.db import migrations


def forget(apps, schema_editor):
    """Readings that people have closed kept what was not understood, names too."""
    lines = apps.get_model("watchlist", "Unread").objects
    lines.filter(list_import__state__in=["applied", "discarded", "expired", "failed"]).update(value="")


class Migration(migrations.Migration):
    dependencies = [("watchlist", "0012_decisions_are_counted")]
    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
