from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("crossings", "0003_kept_back"),
    ]

    operations = [
        migrations.AddField(
            model_name="screened",
            name="document",
            field=models.JSONField(
                default=dict, help_text="the report on the document that was read; empty where none was"
            ),
        ),
    ]
