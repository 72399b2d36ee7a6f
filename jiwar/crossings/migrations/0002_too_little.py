from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("crossings", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="screened",
            name="too_little",
            field=models.BooleanField(default=False, help_text="what was asked could find nobody"),
        ),
    ]
