"""A gateway that repeats what it was sent: its words are not kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from projects.echoes import key_unrepeated, unrepeated
from run402.errors import Conflict, Run402Error

SAID = "Its words were not kept."
SECRET = 'line "one"\nlïne two'


def refused(secret: str, **fields: Any) -> Run402Error:
    """Return the error as it leaves the call that sent the secret."""
    words: Mapping[str, Any] = {
        "message": "No.",
        "code": "BAD_FIELD",
        "status": 409,
        "trace_id": "trc_1",
        **fields,
    }
    with pytest.raises(Conflict) as caught, unrepeated(SAID, secret):
        raise Conflict(words["message"], **{key: words[key] for key in words if key != "message"})
    return caught.value


@pytest.mark.parametrize(
    "fields",
    [
        {"message": f"“{SECRET}” is no value."},
        {"hint": SECRET},
        {"details": {"sent": [{"value": SECRET}]}},
        {"details": {SECRET: 1}},
        {"next_actions": [{"type": "again", "why": SECRET}]},
        {"body": {"error": {"input": SECRET}}},
        {"body": '{"value": "line \\"one\\"\\nl\\u00efne two"}'},
        {"body": '{"value": "line \\"one\\"\\nlïne two"}'},
    ],
)
def test_words_that_repeat_a_secret_are_not_kept(fields: dict[str, Any]) -> None:
    error = refused(SECRET, **fields)
    assert (str(error), error.code, error.status, error.trace_id) == (SAID, "BAD_FIELD", 409, "trc_1")
    assert (error.message, error.hint, error.details, error.next_actions, error.body) == (
        SAID,
        None,
        {},
        [],
        None,
    )


def test_code_and_trace_id_that_are_the_secret_go_too() -> None:
    error = refused("sk-live-1", code="sk-live-1", trace_id="trc-sk-live-1")
    assert (error.code, error.trace_id) == (Conflict.default_code, None)
    assert "sk-live-1" not in str(error.envelope())


@pytest.mark.parametrize("fields", [{"message": "Too long."}, {"details": {"key": "API_KEY", "limit": 10}}])
def test_words_without_it_are_kept(fields: dict[str, Any]) -> None:
    error = refused(SECRET, **fields)
    assert (error.message, error.details) == (fields.get("message", "No."), fields.get("details", {}))


def test_a_short_secret_counts_as_a_word_or_a_number_alone() -> None:
    assert refused("on", message="Not once.").message == "Not once."
    assert refused("on", message="“on” is not taken.").message == SAID
    assert refused("12", details={"value": 12}).message == SAID


def test_the_key_of_a_call_is_guarded_alike() -> None:
    with pytest.raises(Run402Error, match="repeated the project's service key"), key_unrepeated("service_1"):
        raise Run402Error("service_1 is over.")
