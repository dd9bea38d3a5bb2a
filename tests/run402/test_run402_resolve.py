"""What an address serves, and a sentence for every word of the answer."""

from __future__ import annotations

from typing import Any

import pytest

from run402.resources.resolve import Resolution, read_resolution
from run402.resources.verdicts import AUTHORIZATIONS, FALLBACKS, MATCHES, STEPS
from tests.run402.gateways import Gateway, ok

SERVED = {"hostname": "a.run402.com", "result": 200, "match": "static_exact", "authorized": True}


def resolution(**fields: Any) -> Resolution:
    return read_resolution({**SERVED, **fields})


def test_url_is_asked_by_host_path_and_method_in_this_order() -> None:
    gateway = Gateway(ok(SERVED))
    found = gateway.client().resolve(
        "https://A.run402.com/assets/a%20b.js?x=1#y", anon_key="anon", method="get"
    )
    assert gateway.last.url.query == b"host=a.run402.com&path=%2Fassets%2Fa%2520b.js&method=GET"
    assert (found.ignored, gateway.last.headers["apikey"]) == (("query_ignored", "fragment_ignored"), "anon")


def test_host_alone_is_sent_alone_and_as_it_is() -> None:
    gateway = Gateway(ok(SERVED))
    gateway.client().resolve(host="A.run402.com", anon_key="anon")
    assert gateway.last.url.query == b"host=A.run402.com"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"url": "https://a.b", "host": "a.b"},
        {"url": "ftp://a.b"},
        {"url": "https://user:secret@a.b"},
        {"url": "https://[broken"},
        {"url": "https://a.b", "path": "/"},
        {"host": "a.b/c"},
        {"host": "a.b", "path": "c"},
        {"host": "a.b", "path": "/c?d"},
        {"host": "a.b", "method": "GET /"},
    ],
)
def test_question_that_makes_no_sense_is_not_sent(asked: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        Gateway().client().resolve(asked.pop("url", None), anon_key="anon", **asked)


@pytest.mark.parametrize(
    ("fields", "serves", "category"),
    [
        ({}, True, "static"),
        ({"authorization_result": "authorized"}, True, "static"),
        ({"match": "route_function", "authorization_result": "not_applicable"}, True, "route"),
        ({"authorized": False}, False, "static"),
        ({"authorization_result": "not_public"}, False, "static"),
        ({"result": 404, "match": "none"}, False, "miss"),
        ({"result": 404, "match": "none", "fallback_state": "target_missing"}, False, "fallback"),
        ({"match": "host_missing"}, False, "host"),
        ({"match": "route_method_miss"}, False, "route_method"),
        ({"match": "active_release_missing", "result": 503}, False, "release"),
        ({"match": "path_error", "result": 400}, False, "path"),
        ({"authorization_result": "size_mismatch"}, False, "cas"),
        ({"cas_object": {"exists": False}}, False, "cas"),
        ({"cas_object": {"exists": True, "expected_size": 5, "actual_size": 4}}, False, "cas"),
        ({"cas_object": {"exists": True, "expected_size": 5, "actual_size": None}}, True, "static"),
        ({"match": "brand_new", "result": 404}, False, "unknown"),
    ],
)
def test_verdict_says_whether_it_would_serve_and_where_to_look(
    fields: dict[str, Any], serves: bool, category: str
) -> None:
    found = resolution(**fields)
    assert (found.would_serve, found.category) == (serves, category)
    assert (found.next_steps == ()) is serves


@pytest.mark.parametrize("word", MATCHES)
def test_every_match_has_its_sentence(word: str) -> None:
    assert resolution(match=word).summary.startswith(MATCHES[word])


@pytest.mark.parametrize(
    "word", [word for word in AUTHORIZATIONS if word not in ("authorized", "not_applicable")]
)
def test_every_refusal_has_its_sentence(word: str) -> None:
    assert resolution(authorization_result=word).summary == AUTHORIZATIONS[word]


@pytest.mark.parametrize("word", FALLBACKS)
def test_every_fallback_has_its_sentence(word: str) -> None:
    assert resolution(match="none", result=404, fallback_state=word).summary.endswith(FALLBACKS[word])


def test_sets_of_words_are_the_contracts() -> None:
    assert (len(MATCHES), len(AUTHORIZATIONS), len(FALLBACKS)) == (13, 12, 11)
    sentences = [*MATCHES.values(), *AUTHORIZATIONS.values(), *FALLBACKS.values()]
    assert len(set(sentences)) == len(sentences)
    assert all(steps for steps in STEPS.values())


def test_unknown_word_is_named_and_kept() -> None:
    found = resolution(match="brand_new", result=404, later={"a": 1})
    assert found.summary == "The gateway says “brand_new”, which this client does not know."
    assert found.raw["later"] == {"a": 1}


def test_diff_names_its_ends_and_keeps_its_slices() -> None:
    body = {
        "from_release_id": None,
        "to_release_id": "rel_2",
        "is_noop": False,
        "site": {"added": [1]},
        "x": 5,
    }
    gateway = Gateway(ok(body))
    diff = gateway.client().releases.diff(anon_key="anon", limit=5)
    assert gateway.last.url.query == b"from=empty&to=active&limit=5"
    assert (diff.from_release_id, diff.to_release_id, diff.site, diff.raw["x"]) == (
        None,
        "rel_2",
        {"added": [1]},
        5,
    )
