from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0003_opened"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="origin",
            field=models.CharField(
                choices=[("made", "Made here"), ("adopted", "Adopted")],
                db_default="made",
                default="made",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="deleted_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="project",
            name="state",
            field=models.CharField(
                choices=[
                    ("provisioning", "Being made"),
                    ("adopting", "Being adopted"),
                    ("ready", "Ready"),
                    ("failed", "Could not be made"),
                    ("deleted", "Deleted"),
                ],
                db_default="provisioning",
                default="provisioning",
                max_length=12,
            ),
        ),
    ]
