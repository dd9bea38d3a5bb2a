from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_notices_and_webhooks")]

    operations = [migrations.AddField("hook", "off_since_restore", models.DateTimeField(null=True))]
