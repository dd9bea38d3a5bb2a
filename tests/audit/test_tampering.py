"""Whoever tampers with the record is found out, in the database and in a file, and the first broken entry is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from audit import chains, heads, keys
from audit.models import Chain, Event, Mention, SignedHead
from audit.record import digest_of
from audit.selectors import Narrowing
from audit.verifying import CHANGED, CUT, REMOVED, REORDERED, REWRITTEN, SIGNATURE, UNREADABLE
from tests.audit.tampering import COUNT, TEAM, Line, export, record_some, verdict

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def keyset() -> tuple[str, str]:
    """A signing keyset and its public half."""
    return keys.make()


@pytest.fixture
def signed(settings: Settings, keyset: tuple[str, str]) -> keys.Verifier:
    """Five entries, the last three after the first signature, all under the second one."""
    settings.AUDIT_SIGNING_KEYSET, settings.AUDIT_PUBLIC_KEYSET = keyset
    record_some(2)
    heads.sign_moved()
    record_some(3)
    heads.sign_moved()
    return keys.Verifier(keyset[1])


def _broken(key: str = str(TEAM), verify: Any = None) -> tuple[int, str] | None:
    broken = chains.verdict_of(key, verify).broken
    return (broken.seq, broken.why) if broken else None


# --- In the database ---


def test_an_untouched_chain_is_whole_and_signed(signed: keys.Verifier) -> None:
    found = chains.verdict_of(str(TEAM), signed)
    assert (found.entries, found.broken) == (COUNT, None)
    assert found.signed is not None
    assert found.signed.seq == COUNT


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actor_label", "Bob"),
        ("actor_id", "b1"),
        ("action", "wallet.lost"),
        ("object_type", "team"),
        ("object_id", "9"),
        ("object_label", "Another"),
        ("details", {"b": 2}),
        ("salt", ""),
        ("actor_salt", ""),
        ("object_salt", ""),
        ("actor_erased", "0" * 64),
        ("object_erased", "0" * 64),
        ("previous", "0" * 64),
        ("digest", "0" * 64),
    ],
)
def test_a_changed_field_shows(signed: keys.Verifier, field: str, value: object) -> None:
    Event.objects.filter(seq=3).update(**{field: value})
    assert _broken() == (3, CHANGED)


def test_a_changed_time_shows(signed: keys.Verifier) -> None:
    Event.objects.filter(seq=3).update(at=Event.objects.get(seq=2).at)
    assert _broken() == (3, CHANGED)


@pytest.mark.parametrize(("taken", "why"), [(1, REMOVED), (3, REMOVED), (COUNT, CUT)])
def test_a_removed_entry_shows(signed: keys.Verifier, taken: int, why: str) -> None:
    _remove(taken)
    assert _broken() == (taken, why)


def test_a_cut_end_shows_even_when_the_chain_was_told_of_it(signed: keys.Verifier) -> None:
    _remove(COUNT)
    last = Event.objects.get(seq=COUNT - 1)
    Chain.objects.update(seq=last.seq, head=last.digest)
    assert _broken(verify=signed) == (COUNT, CUT)


def test_entries_that_changed_places_show(signed: keys.Verifier) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        Event.objects.filter(seq=old).update(seq=new)
    assert _broken() == (2, CHANGED)


def test_a_record_written_anew_with_right_digests_shows_by_its_signature(signed: keys.Verifier) -> None:
    _rewrite_from(3)
    assert _broken(verify=signed) == (3, REWRITTEN)


def test_the_newest_entry_cannot_be_rewritten_before_it_is_signed_unless_the_head_is_too() -> None:
    record_some()
    last = Event.objects.get(seq=COUNT)
    last.actor_label = "Bob"
    Event.objects.filter(pk=last.pk).update(actor_label="Bob", digest=digest_of(last))
    assert _broken() == (COUNT, CHANGED)


@pytest.mark.parametrize("field", ["digest", "at", "key_id", "signature"])
def test_a_changed_head_shows(signed: keys.Verifier, field: str) -> None:
    other = {"at": Event.objects.get(seq=1).at}.get(field, "1" * 20 if field == "key_id" else "1" * 64)
    SignedHead.objects.filter(seq=2).update(**{field: other})
    assert _broken(verify=signed) == (2, SIGNATURE)


def test_a_foreign_key_signs_nothing(signed: keys.Verifier) -> None:
    assert _broken(verify=keys.Verifier(keys.make()[1])) == (2, SIGNATURE)


def test_a_worker_signs_nothing_that_was_tampered_with(
    signed: keys.Verifier, caplog: pytest.LogCaptureFixture
) -> None:
    record_some(2)
    _rewrite_from(6)
    Event.objects.filter(seq=7).update(previous="0" * 64)
    assert heads.sign_moved() == 0
    assert "audit_head_not_signed" in caplog.text


def test_a_worker_builds_on_no_head_that_it_did_not_sign(signed: keys.Verifier) -> None:
    record_some(1)
    SignedHead.objects.filter(seq=COUNT).update(signature="AAAA")
    assert heads.sign_moved() == 0


# --- In a file ---


def _change(lines: list[Line], seq: int, **fields: object) -> list[Line]:
    return [{**line, **fields} if _is_entry(line, seq) else line for line in lines]


def _without(lines: list[Line], seq: int) -> list[Line]:
    return [line for line in lines if not _is_entry(line, seq)]


def _swapped(lines: list[Line], first: int) -> list[Line]:
    at = next(place for place, line in enumerate(lines) if _is_entry(line, first))
    return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]


def _is_entry(line: Line, seq: int) -> bool:
    return line["type"] in ("entry", "hidden") and line["seq"] == seq


def test_a_file_holds_offline_and_says_up_to_where_it_is_signed(signed: keys.Verifier) -> None:
    found = verdict(export(), signed)
    assert found.broken is None
    assert found.sentence().startswith(f"{COUNT} entries, whole. Signed up to entry {COUNT}, at 20")


@pytest.mark.parametrize(
    "field", ["at", "actor", "actor_id", "action", "object", "object_id", "salt", "digest"]
)
def test_a_changed_field_of_a_file_is_named(signed: keys.Verifier, field: str) -> None:
    found = verdict(_change(export(), 4, **{field: "x"}), signed)
    assert found.broken is not None
    assert (found.broken.seq, found.broken.why, found.entries) == (4, CHANGED, 3)


def test_the_sentence_names_number_time_and_action(signed: keys.Verifier) -> None:
    found = verdict(_change(export(), 4, actor="Bob"), signed)
    at = Event.objects.get(seq=4).entry().at
    assert found.sentence() == (
        f"Entry 4 ({at}, operation.made) was changed after it was recorded. The 3 before it hold. "
        f"Signed up to entry 2, at {SignedHead.objects.get(seq=2).head().at} "
        f"with key {SignedHead.objects.get(seq=2).key_id}. 1 after it are not signed yet."
    )


def test_a_removed_a_moved_and_a_doubled_entry_are_told_apart(signed: keys.Verifier) -> None:
    lines = export()
    doubled = [line for line in lines for _ in range(2 if _is_entry(line, 2) else 1)]
    found = [verdict(changed, signed).broken for changed in (_without(lines, 2), _swapped(lines, 2), doubled)]
    assert [(broken.seq, broken.why) for broken in found if broken] == [
        (2, REMOVED),
        (2, REORDERED),
        (2, REORDERED),
    ]


def test_a_cut_file_is_named_wherever_it_is_cut(signed: keys.Verifier) -> None:
    lines = export()
    cuts = [
        verdict(lines[:-1], signed),
        verdict(_without(lines, COUNT), signed),
        verdict(lines, signed, cut_bytes=3),
    ]
    middle = verdict(lines, signed, cut_bytes=len(json.dumps(lines[-1])) + 20)
    found = [(each.broken.seq, each.broken.why) for each in (*cuts, middle) if each.broken]
    assert found == [(COUNT + 1, CUT), (COUNT, CUT), (COUNT + 1, CUT), (COUNT, CUT)]


def test_a_cut_end_shows_even_when_the_files_end_was_told_of_it(signed: keys.Verifier) -> None:
    lines = _without(export(), COUNT)
    lines[-1] = {"type": "end", "entries": COUNT - 1, "digest": Event.objects.get(seq=COUNT - 1).digest}
    found = verdict(lines, signed).broken
    assert found is not None
    assert (found.seq, found.why) == (COUNT, CUT)


def test_a_wrong_signature_in_a_file_is_named(signed: keys.Verifier) -> None:
    other = next(line["signature"] for line in export() if line["type"] == "head" and line["seq"] == COUNT)
    lines = [{**line, "signature": other} if line["type"] == "head" else line for line in export()]
    found = verdict(lines, signed).broken
    assert found is not None
    assert (found.seq, found.why, found.action) == (2, SIGNATURE, "operation.made")


def test_a_line_that_is_no_entry_is_named(signed: keys.Verifier) -> None:
    for odd in ({"type": "entry", "seq": 3}, {"type": "entry", "seq": True}, {"type": "other"}):
        lines = [odd if _is_entry(line, 3) else line for line in export()]
        found = verdict(lines, signed).broken
        assert found is not None
        assert (found.seq, found.why) == (3, UNREADABLE)


# --- A part of the record ---


def test_a_narrowed_export_hides_the_rest_and_still_verifies(signed: keys.Verifier) -> None:
    lines = export(narrowing=Narrowing(object_type="wallet"))
    shown = {line["seq"]: line["type"] for line in lines if line["type"] in ("entry", "hidden")}
    assert [number for number, kind in shown.items() if kind == "hidden"] == [2, 4]
    assert all(line.keys() == {"type", "seq", "body", "digest"} for line in lines if line["type"] == "hidden")
    found = verdict(lines, signed)
    assert (lines[0]["partial"], found.broken, found.hidden, found.entries) == (True, None, 2, COUNT)
    assert "3 of them are shown, the others are there as digests." in found.sentence()


@pytest.mark.parametrize("seq", [2, 3])
def test_tampering_with_a_narrowed_export_shows(signed: keys.Verifier, seq: int) -> None:
    lines = export(narrowing=Narrowing(object_type="wallet"))
    for changed in (_change(lines, seq, body="0" * 64, actor="Bob"), _without(lines, seq)):
        found = verdict(changed, signed).broken
        assert found is not None
        assert found.seq == seq


# --- Rotation ---


def test_what_an_old_key_signed_holds_after_a_rotation(settings: Settings, signed: keys.Verifier) -> None:
    signing, public = keys.rotated(settings.AUDIT_SIGNING_KEYSET)
    settings.AUDIT_SIGNING_KEYSET = signing  # before anybody has the new public half
    record_some(1)
    assert heads.sign_moved() == 1
    record_some(1)
    assert heads.sign_moved() == 1
    assert len(set(SignedHead.objects.values_list("key_id", flat=True))) == 2
    found = verdict(export(), keys.Verifier(public))
    assert (found.broken, found.signed and found.signed.seq) == (None, COUNT + 2)


# --- The command ---


def _write(path: Path, lines: list[Line]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_command_checks_a_file_without_a_database(
    signed: keys.Verifier,
    keyset: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    settings: Settings,
) -> None:
    file = _write(tmp_path / "record.jsonl", export())
    (tmp_path / "public.json").write_text(keyset[1])
    settings.AUDIT_SIGNING_KEYSET = settings.AUDIT_PUBLIC_KEYSET = ""

    def refuse(*args: Any) -> None:
        raise AssertionError("the database was asked")

    with connection.execute_wrapper(refuse):
        call_command("audit_verify", file, public_keyset=tmp_path / "public.json")
    said = capsys.readouterr()
    assert said.out.startswith(f"{TEAM}: {COUNT} entries, whole. Signed up to entry {COUNT}, at ")
    assert said.err == ""


def test_with_the_files_own_key_it_says_what_that_is_worth(
    signed: keys.Verifier, keyset: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("audit_verify", _write(tmp_path / "a.jsonl", export(keyset[1])))
    assert "only that the file agrees with itself" in capsys.readouterr().err
    call_command("audit_verify", _write(tmp_path / "b.jsonl", export()))
    said = capsys.readouterr()
    assert "None is under a signature that was checked." in said.out
    assert "Signatures were not checked" in said.err


def test_the_command_fails_on_a_broken_file(
    signed: keys.Verifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="This record is broken"):
        call_command("audit_verify", _write(tmp_path / "record.jsonl", _without(export(), 2)))
    assert "Entry 2 is missing. The one before it holds." in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "no json\n", "[]\n", '{"type": "header", "form": "other/1"}\n'])
def test_a_file_of_another_kind_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    with pytest.raises(CommandError, match="does not begin like an export"):
        call_command("audit_verify", tmp_path / "file")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("audit_verify", tmp_path / "nothing")


@pytest.mark.parametrize("text", ["", "no json\n", "[]\n", '{"key": []}'])
def test_a_keyset_of_another_kind_is_refused_with_a_sentence(
    signed: keys.Verifier, tmp_path: Path, text: str
) -> None:
    (tmp_path / "keyset").write_text(text)
    file = _write(tmp_path / "a.jsonl", export())
    for path in (tmp_path / "keyset", tmp_path / "nothing"):
        with pytest.raises(CommandError, match="public keyset"):
            call_command("audit_verify", file, public_keyset=path)


def test_without_a_file_the_command_checks_the_database(
    signed: keys.Verifier, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("audit_verify")
    assert f"{TEAM}: {COUNT} entries, whole. Signed up to entry {COUNT}" in capsys.readouterr().out
    Event.objects.filter(seq=2).update(action="wallet.lost")
    with pytest.raises(CommandError, match="1 chains are broken"):
        call_command("audit_verify")
    assert f"{TEAM}: Entry 2 (" in capsys.readouterr().out


# --- Tools of an attacker with the database's password ---


def _remove(seq: int) -> None:
    event = Event.objects.get(seq=seq)
    Mention.objects.filter(event=event).delete()
    Event.objects.filter(pk=event.pk)._raw_delete(using="default")


def _rewrite_from(seq: int) -> None:
    """Give an entry another actor and compute every digest after it anew, the chain's head included."""
    previous = Event.objects.get(seq=seq - 1).digest
    for event in Event.objects.filter(seq__gte=seq).order_by("seq"):
        event.actor_label, event.previous = "Bob", previous
        previous = digest_of(event)
        Event.objects.filter(pk=event.pk).update(actor_label="Bob", previous=event.previous, digest=previous)
    Chain.objects.update(head=previous)
