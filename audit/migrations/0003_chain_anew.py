"""Mentions of what is there already, and the chain in the form that can be exported in part (audit.entries).

Chains that hold are chained anew from their first entry. From the first entry that does not hold under the old rule
nothing is touched: what was broken stays broken.
"""

import hashlib
import json
import secrets

from django.db import migrations

MENTIONED = ("wallet", "project", "operation", "deploy", "subject", "user")


def _sha256(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _fields(event):
    at = event.at.isoformat(timespec="microseconds")
    who = [event.actor_id, event.actor_label, event.action]
    return [event.seq, at, *who, event.object_type, event.object_id, event.object_label, event.details]


def _old_digest(event):
    return _sha256([event.chain_id, *_fields(event), event.previous])


def _name(salt, name):
    return _sha256(["run402-panel/audit-name/1", salt, name])


def _new_digest(event):
    at = event.at.isoformat(timespec="microseconds")
    who = [event.actor_id, _name(event.actor_salt, event.actor_label), event.action]
    what = [event.object_type, event.object_id, _name(event.object_salt, event.object_label), event.details]
    fields = [event.seq, at, *who, *what, event.salt]
    body = _sha256(["run402-panel/audit-entry/1", event.chain_id, *fields])
    return _sha256(["run402-panel/audit-link/1", event.previous, body])


def chain_anew(apps, schema_editor):
    for chain in apps.get_model("audit", "Chain").objects.all():
        _chain_anew(apps, chain)


def _chain_anew(apps, chain):
    seq, old, new = 0, "", ""
    events = apps.get_model("audit", "Event").objects.filter(chain=chain).order_by("seq")
    for event in list(events):
        if (event.seq, event.previous) != (seq + 1, old) or event.digest != _old_digest(event):
            return
        seq, old = event.seq, event.digest
        event.previous, event.salt = new, secrets.token_hex(16)
        event.actor_salt, event.object_salt = secrets.token_hex(16), secrets.token_hex(16)
        event.digest = new = _new_digest(event)
        event.save(update_fields=["previous", "salt", "actor_salt", "object_salt", "digest"])
    if (seq, old) == (chain.seq, chain.head):
        chain.head = new
        chain.save(update_fields=["head"])


def fill_mentions(apps, schema_editor):
    Mention = apps.get_model("audit", "Mention")
    for event in apps.get_model("audit", "Event").objects.iterator():
        told = {event.object_id, *(str(event.details.get(name) or "") for name in MENTIONED)}
        Mention.objects.bulk_create(
            Mention(event=event, key=key) for key in sorted(told) if 0 < len(key) <= 64
        )


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0002_signed_heads"),
    ]

    operations = [
        migrations.RunPython(chain_anew, migrations.RunPython.noop),
        migrations.RunPython(fill_mentions, migrations.RunPython.noop),
    ]
