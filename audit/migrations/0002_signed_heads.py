"""Signed heads, mentions, and a salt for each event."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Mention",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="SignedHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.PositiveBigIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("key_id", models.CharField(max_length=20)),
                ("signature", models.CharField(max_length=200)),
            ],
        ),
        migrations.AddField(
            model_name="event",
            name="salt",
            field=models.CharField(default="", max_length=32),
        ),
        migrations.AddField(
            model_name="event",
            name="actor_salt",
            field=models.CharField(default="", max_length=32),
        ),
        migrations.AddField(
            model_name="event",
            name="object_salt",
            field=models.CharField(default="", max_length=32),
        ),
        migrations.AddField(
            model_name="event",
            name="actor_erased",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="event",
            name="object_erased",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["chain", "actor_id", "actor_label"], name="audit_event_actor"),
        ),
        migrations.AddField(
            model_name="mention",
            name="event",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="mentions", to="audit.event"),
        ),
        migrations.AddField(
            model_name="signedhead",
            name="chain",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="signed", to="audit.chain"),
        ),
        migrations.AddConstraint(
            model_name="mention",
            constraint=models.UniqueConstraint(fields=("key", "event"), name="audit_mention_once"),
        ),
        migrations.AddConstraint(
            model_name="signedhead",
            constraint=models.UniqueConstraint(fields=("chain", "seq"), name="audit_head_once"),
        ),
    ]
