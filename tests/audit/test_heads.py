"""A worker, and only a worker, signs the head of each chain that moved."""

from __future__ import annotations

import base64
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from audit import heads, keys, selectors
from audit.models import Event, SignedHead
from audit.tasks import tell_missing_keyset
from audit.verifying import Head
from run402_panel.celery import app
from tests.audit.tampering import TEAM, record_some
from wallets import keysets as keyset_files

pytestmark = pytest.mark.django_db


def test_each_moved_chain_is_signed_once(keysets: None) -> None:
    record_some(2)
    record_some(1, None)
    assert [heads.sign_moved(), heads.sign_moved()] == [2, 0]
    record_some(1)
    assert heads.sign_moved() == 1
    assert sorted(SignedHead.objects.values_list("chain", "seq")) == [("", 1), (str(TEAM), 2), (str(TEAM), 3)]


def test_a_head_is_an_ed25519_signature_over_what_it_says(keysets: None, settings: Settings) -> None:
    """Checked without Tink, the way the docs tell an outsider."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    record_some(1)
    heads.sign_moved()
    row = SignedHead.objects.get()
    key = json.loads(settings.AUDIT_PUBLIC_KEYSET)["key"][0]
    raw = base64.b64decode(key["keyData"]["value"])
    signature = base64.b64decode(row.signature)
    at = row.at.isoformat(timespec="microseconds")
    said = f'["run402-panel/audit-head/1","{TEAM}",1,"{row.digest}","{at}","{key["keyId"]}"]'
    assert (signature[0], int.from_bytes(signature[1:5], "big")) == (1, key["keyId"])
    Ed25519PublicKey.from_public_bytes(raw[-32:]).verify(signature[5:], said.encode())


def test_web_signs_nothing(public_keyset: None, caplog: pytest.LogCaptureFixture) -> None:
    record_some(1)
    assert heads.sign_moved() == 0
    tell_missing_keyset()
    assert "give the worker PANEL_AUDIT_SIGNING_KEYSET_FILE" in caplog.text


def test_two_workers_leave_one_head(keysets: None) -> None:
    record_some(1)
    heads.sign_moved()
    row = SignedHead.objects.get()
    row.pk, row._state.adding = None, True
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_a_signed_head_is_kept_as_it_is(keysets: None) -> None:
    record_some(1)
    heads.sign_moved()
    for attempt in (SignedHead.objects.get().save, SignedHead.objects.get().delete):
        with pytest.raises(TypeError):
            attempt()


def test_the_schedule_signs_every_ten_seconds_in_the_queue_of_quiet_work() -> None:
    entry = app.conf.beat_schedule["sign-audit-heads"]
    assert (entry["task"], entry["schedule"], entry["options"]["queue"]) == ("audit.sign_heads", 10.0, "sync")
    assert "audit.sign_heads" in app.tasks


@pytest.mark.django_db(transaction=True)
def test_the_task_signs(keysets: None) -> None:
    record_some(1)
    assert app.tasks["audit.sign_heads"]() == 1


def test_how_far_a_chain_is_signed(keysets: None) -> None:
    assert selectors.standing_of(TEAM) == selectors.Standing(0, None, late=False)
    record_some(2)
    heads.sign_moved()
    record_some(1)
    found = selectors.standing_of(TEAM)
    assert (found.seq, found.signed and found.signed.seq, found.unsigned, found.late) == (3, 2, 1, False)
    Event.objects.filter(seq=3).update(at=timezone.now() - 2 * selectors.LATE_AFTER)
    assert selectors.standing_of(TEAM).late


def test_a_rotated_keyset_signs_with_the_new_key_and_keeps_the_old_one() -> None:
    signing, public = keys.make()
    new_signing, new_public = keys.rotated(signing)
    ids = [[key["keyId"] for key in json.loads(text)["key"]] for text in (public, new_public)]
    assert ids[1][:1] == ids[0]
    assert keys.Signer(new_signing).key_id == str(ids[1][1])
    assert "Private" not in new_public


def test_the_command_rotates_files_that_only_their_owner_reads(tmp_path: Path) -> None:
    keyset_files.create(tmp_path)
    before = keys.Signer((tmp_path / keyset_files.AUDIT_SIGNING).read_text())
    call_command("audit_key_rotate", folder=tmp_path, stdout=StringIO())
    after = keys.Signer((tmp_path / keyset_files.AUDIT_SIGNING).read_text())
    assert before.key_id != after.key_id
    assert after.public == (tmp_path / keyset_files.AUDIT_PUBLIC).read_text()
    head = Head(1, "d", "t", before.key_id, before.sign(b"x"))
    assert keys.Verifier(after.public)(head, b"x")
    names = (keyset_files.AUDIT_SIGNING, keyset_files.AUDIT_PUBLIC)
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in names} == {0o600}


@pytest.mark.parametrize("text", [None, "", "no json", "{}"])
def test_the_command_touches_nothing_that_is_no_keyset(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / keyset_files.AUDIT_SIGNING).write_text(text)
    with pytest.raises(CommandError, match="no signing keyset"):
        call_command("audit_key_rotate", folder=tmp_path)
    assert not (tmp_path / keyset_files.AUDIT_PUBLIC).exists()
