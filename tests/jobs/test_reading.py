"""A job as JSON: what is taken, and the one sentence that bad input gets, with the next step in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import Refusal
from jobs import reading
from jobs.reading import Asked
from run402.resources.jobs import FFLONK_PROVE
from tests.jobs.conftest import CAP, document

NO_INPUT = 'The input of this job is not an object under “input.json”. Write "input": {"input.json": { … }}.'


def refused(text: str) -> tuple[str, str]:
    """Return the code and the sentence of the refusal."""
    with pytest.raises(Refusal) as caught:
        reading.read(text)
    return caught.value.fault.code, caught.value.fault.message


def test_both_names_of_the_input_are_read() -> None:
    for name in ("input_json", "input.json"):
        asked = reading.read(json.dumps(document(input={name: {"a": [1, "é"]}})))
        assert asked == Asked(FFLONK_PROVE, {"a": [1, "é"]}, CAP)


def test_what_is_written_is_read_again_as_the_same() -> None:
    asked = Asked("any.type", {"deep": {"er": [None, True, 1.5]}}, 1, "https://example.com/done")
    assert reading.read(reading.written(asked)) == asked


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        (
            {"max_cost_usd_micros": None},
            "CAP_MISSING",
            "This job has no cost cap. Add max_cost_usd_micros: 250000 are $0.25.",
        ),
        (
            {"max_cost_usd_micros": 0.5},
            "CAP_INVALID",
            "The cost cap of this job is no sum. Write whole micros, of at most $10,000: 250000 are $0.25.",
        ),
        (
            {"max_cost_usd_micros": True},
            "CAP_INVALID",
            "The cost cap of this job is no sum. Write whole micros, of at most $10,000: 250000 are $0.25.",
        ),
        (
            {"max_cost_usd_micros": 10**11},
            "CAP_INVALID",
            "The cost cap of this job is no sum. Write whole micros, of at most $10,000: 250000 are $0.25.",
        ),
        (
            {"job_type": ""},
            "JOB_TYPE_MISSING",
            "This job names no type. Add job_type, such as kysigned.fflonk_prove.v0_17_0.",
        ),
        (
            {"input": []},
            "JOB_INPUT_INVALID",
            NO_INPUT,
        ),
        (
            {"input": {"input.json": {}, "input_json": {}}},
            "JOB_INPUT_INVALID",
            NO_INPUT,
        ),
        (
            {"max_cost_micros": 5},
            "JOB_FIELD_UNKNOWN",
            "A job has no “max_cost_micros”. Take it out, or correct its spelling.",
        ),
        (
            {"callback_url": "http://10.0.0.1/"},
            "CALLBACK_INVALID",
            "callback_url is no https address. Correct it, or take it out.",
        ),
    ],
)
def test_a_wrong_job_is_one_sentence_and_what_to_do(
    changes: dict[str, Any], code: str, sentence: str
) -> None:
    assert refused(json.dumps(document(**changes))) == (code, sentence)


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ("{", "JOB_NOT_JSON", "This is not JSON: line 1, column 2. Correct it, then submit it again."),
        ("[]", "JOB_NOT_AN_OBJECT", "This has to be a JSON object, in curly brackets. Put it into { }."),
        (
            '{"a": NaN}',
            "JOB_NOT_JSON",
            "This is not JSON: NaN is not JSON. Correct it, then submit it again.",
        ),
        (
            '{"a": 1e999}',
            "JOB_NOT_JSON",
            "This is not JSON: a number is out of range. Correct it, then submit it again.",
        ),
        (
            "[" * 100_000,
            "JOB_NOT_JSON",
            "This is not JSON: nested too deeply. Correct it, then submit it again.",
        ),
        (
            " " * (reading.MOST_BYTES + 1),
            "JOB_TOO_LARGE",
            "This job has 1 MB, and the panel takes 1 MB. Make its input smaller, then submit it again.",
        ),
    ],
)
def test_text_that_is_no_job_is_told_so(text: str, code: str, sentence: str) -> None:
    assert refused(text) == (code, sentence)
