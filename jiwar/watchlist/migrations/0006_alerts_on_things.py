from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("watchlist", "0005_one_subject")]

    operations = [
        migrations.AddField("alert", "subject_type", models.CharField(default="person", max_length=20)),
    ]
