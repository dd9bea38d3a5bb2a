"""Reading the file in which the CLI keeps its projects, in every form it has had."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from projects.cli_keys import MOST_PROJECTS, Found, read_projects

KEYS = {"anon_key": "anon_1", "service_key": "service_1"}
ONE = Found("prj_1", "anon_1", "service_1")


@pytest.mark.parametrize(
    "document",
    [
        {"active_project_id": "prj_1", "projects": {"prj_1": KEYS}},
        {"projects": {"prj_1": {**KEYS, "deployed_at": "2026-01-01", "mailbox_id": "mbx_1", "new": [1]}}},
        {"projects": [{"project_id": "prj_1", **KEYS, "tier": "hobby", "lease_expires_at": None}]},
        [{"project_id": "prj_1", **KEYS}],
        [{"id": "prj_1", **KEYS}],
        {
            "version": 1,
            "source": "local_cache",
            "migrated_from": "projects.json",
            "projects": {"prj_1": {**KEYS, "org_id": "org_1", "cached_at": "2026-01-01"}},
        },
    ],
    ids=["v2", "fields-nobody-knows", "list-under-projects", "list-alone", "list-with-id", "v4-cache"],
)
def test_every_form_of_the_file_is_read(document: Any) -> None:
    assert read_projects(json.dumps(document)) == (ONE,)


def test_address_of_the_site_is_taken_along_when_it_is_one() -> None:
    sites = {"prj_1": "https://a.run402.com", "prj_2": "javascript:alert(1)", "prj_3": 7}
    text = json.dumps({"projects": {name: {**KEYS, "site_url": url} for name, url in sites.items()}})
    assert [found.site_url for found in read_projects(text)] == ["https://a.run402.com", "", ""]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("not json", "This is no JSON"),
        ("[" * 100_000, "This is no JSON"),
        ("{}", "There is no list of projects in this file."),
        ("7", "There is no list of projects in this file."),
        ('{"projects": {}}', "There is no project in this file."),
        ('{"address": "0x1", "privateKey": "0x2"}', "This is the file of a wallet."),
        (
            '{"version": 1, "active_projects": {}, "migrations": []}',
            "This is state.json, which holds no keys.",
        ),
    ],
)
def test_another_file_is_refused_with_what_it_is(text: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        read_projects(text)


def test_too_many_projects_are_refused() -> None:
    text = json.dumps({"projects": {f"prj_{number}": KEYS for number in range(MOST_PROJECTS + 1)}})
    with pytest.raises(
        ValidationError, match=r"There are 201 projects in this file; 200 are taken at once\."
    ):
        read_projects(text)


@pytest.mark.parametrize(
    ("name", "fields", "why"),
    [
        ("../etc", KEYS, "This is no id of a project: those begin with prj_."),
        ("prj_1", None, "There is nothing to read here."),
        ("prj_1", {**KEYS, "service_key": 7}, "Its service_key is no key."),
        ("prj_1", {**KEYS, "anon_key": "a\r\nX: y"}, "Its anon_key is no key."),
        ("prj_1", {**KEYS, "anon_key": "é"}, "Its anon_key is no key."),
        ("prj_1", {**KEYS, "service_key": "s" * 4_001}, "Its service_key is no key."),
        (
            "prj_1",
            {"anon_key": "a", "service_key": "a"},
            "Its two keys are the same, so one of them is wrong.",
        ),
    ],
)
def test_one_bad_entry_says_why_and_leaves_the_others(name: str, fields: Any, why: str) -> None:
    bad, good = read_projects(json.dumps({"projects": {name: fields, "prj_9": KEYS}}))
    assert (bad.wrong, good) == (why, Found("prj_9", "anon_1", "service_1"))


def test_missing_keys_are_no_mistake() -> None:
    assert read_projects('{"projects": {"prj_1": {"anon_key": "a"}, "prj_2": {}}}') == (
        Found("prj_1", "a"),
        Found("prj_2"),
    )


def test_no_key_is_in_what_is_printed() -> None:
    (found,) = read_projects(json.dumps({"projects": {"prj_1": KEYS}}))
    assert "anon_1" not in repr(found)
    assert "service_1" not in repr(found)
