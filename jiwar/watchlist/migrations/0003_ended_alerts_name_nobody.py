from django.db import migrations


def forget(apps, schema_editor):
    alerts, records = apps.get_model("watchlist", "Alert"), apps.get_model("records", "Record")
    ended = records.objects.filter(kind="alert.person", state__in=["withdrawn", "expired"])
    alerts.objects.filter(uid__in=ended.values("uid")).update(name="")


class Migration(migrations.Migration):
    dependencies = [
        ("watchlist", "0002_wider_references"),
        ("records", "0001_initial"),
    ]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
