from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wallets", "0005_halts")]

    operations = [
        migrations.AddField("wallet", "frozen_at", models.DateTimeField(null=True)),
        migrations.AddField("wallet", "unread_from", models.DateTimeField(null=True)),
    ]
