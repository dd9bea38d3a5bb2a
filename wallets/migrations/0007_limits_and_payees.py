"""Limits of more windows, members, projects and kinds; who asked for a payment and for what; whom a team pays."""

from __future__ import annotations

import uuid
from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

COSTS = [
    ("tier", "Tiers"),
    ("image", "Images"),
    ("job", "Jobs"),
    ("mail_pack", "Mail packs"),
    ("contract", "Contract calls"),
    ("other", "Everything else"),
]


def fill_in(apps: Any, schema_editor: Any) -> None:
    """Give the payments there are who asked and for which project, from their operations, and the kind of cost."""
    payments = apps.get_model("wallets", "Payment").objects
    operation = apps.get_model("operations", "Operation").objects.filter(pk=OuterRef("operation_id")).order_by()
    payments.update(
        actor_id=Subquery(operation.values("actor_id")[:1]), project_id=Subquery(operation.values("project_id")[:1])
    )
    payments.filter(kind="tier.set").update(cost="tier")


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0007_watch"),
        ("teams", "0001_initial"),
        ("wallets", "0006_wallet_frozen"),
    ]

    operations = [
        migrations.AddField("spendpolicy", "rules", models.JSONField(null=True)),
        migrations.AddField("payment", "cost", models.CharField(choices=COSTS, default="other", max_length=10)),
        migrations.AddField("payment", "actor_id", models.UUIDField(null=True)),
        migrations.AddField("payment", "project_id", models.UUIDField(null=True)),
        migrations.AddField("payment", "note", models.CharField(blank=True, max_length=300)),
        migrations.AddField("payment", "decided_by", models.CharField(blank=True, max_length=200)),
        migrations.AlterField(
            "payment", "reserved_at", models.DateTimeField(default=django.utils.timezone.now)
        ),
        migrations.CreateModel(
            name="Payee",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("address", models.CharField(blank=True, max_length=42)),
                ("mac", models.BinaryField(default=bytes)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("confirmed_by", models.CharField(blank=True, max_length=200)),
                ("seen", models.CharField(blank=True, max_length=42)),
                ("seen_at", models.DateTimeField(null=True)),
                (
                    "gateway",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="payees", to="wallets.gateway"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="payees", to="teams.team"
                    ),
                ),
            ],
            options={
                "ordering": ["gateway"],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "gateway"), name="payee_once_in_a_team")
                ],
            },
        ),
        migrations.RunPython(fill_in, migrations.RunPython.noop, elidable=True),
    ]
