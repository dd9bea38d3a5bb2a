"""What is sent, and that nothing is lost on the way there and back."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run402 import errors
from run402.spec import (
    BytesSource,
    Function,
    canonical_json,
    document_digest,
    parse,
    reference,
)
from run402.spec.routes import METHODS, pattern_problem, static_file_problem
from run402.spec.site import public_path_problem

DIGEST = hashlib.sha256(b"x").hexdigest()
REF = {"sha256": DIGEST, "size": 1}
SQL = {"sha256": DIGEST, "size": 1, "content_type": "application/sql"}
PAGE = {"sha256": DIGEST, "size": 1, "content_type": "text/html; charset=utf-8", "integrity": "sha256-x"}
GATE = {
    "table": "staff", "id_column": "id", "role_column": "role", "allowed": ["admin"], "cache_ttl": 0,
    "on_deny": "redirect", "sign_in_path": "/in",
}  # fmt: skip
TRIGGERS = [
    {"id": "nightly", "type": "schedule", "cron": "0 3 * * *", "timezone": "UTC", "misfire_policy": "skip",
     "overlap_policy": "allow", "run": {"event_type": "nightly", "payload": {"a": 1}}},
    {"id": "mail", "type": "email", "mailbox": "in", "events": ["bounced"], "run": {"event_type": "mail"}},
]  # fmt: skip
EXPOSE = {
    "version": "1",
    "tables": [{"name": "t", "expose": True, "policy": "user_owns_rows", "owner_column": "uid",
                "force_owner_on_insert": True}],
    "views": [{"name": "v", "base": "t", "select": ["id"], "filter": "id > 1", "security_invoker": True}],
    "rpcs": [{"name": "f", "signature": "(a int)", "grant_to": ["anon"]}],
}  # fmt: skip
WHOLE: dict[str, Any] = {
    "project_id": "prj_1",
    "base": {"release_id": "rel_1"},
    "database": {
        "expose": EXPOSE, "zero_downtime": True,
        "migrations": [{"id": "1", "checksum": DIGEST, "sql_ref": SQL, "transaction": "none"}],
    },
    "secrets": {"require": ["A"], "delete": ["B"]},
    "functions": {
        "patch": {
            "set": {"f": {"runtime": "node22", "source": REF, "files": {"a/b.html": PAGE}, "entrypoint": "a",
                          "config": {"timeout_seconds": 5, "memory_mb": 128}, "deps": ["zod"], "schedule": None,
                          "require_auth": True, "require_role": GATE, "triggers": TRIGGERS, "class": "ssr",
                          "capabilities": ["x"]}},
            "delete": ["g"],
        }
    },
    "site": {
        "patch": {"put": {"a.html": PAGE}, "delete": ["b.html"]},
        "public_paths": {"mode": "explicit", "replace": {"/a": {"asset": "a.html", "cache_class": "purple"}}},
    },
    "subdomains": {"set": ["guestbook"], "add": ["other"], "remove": ["old"]},
    "routes": {"replace": [
        {"pattern": "/api/*", "methods": ["GET"], "target": {"type": "function", "name": "f"},
         "acknowledge_readonly": True, "pricing": {"mode": "always", "amount_usd_micros": 5}},
        {"pattern": "/e", "methods": ["GET", "HEAD"], "target": {"type": "static", "file": "e.html"}},
    ]},
    "checks": [{"name": "front", "http": {"path": "/", "expect": {"status": 200}}, "later": True}],
    "assets": {
        "put": [{"key": "k", "sha256": DIGEST, "size_bytes": 1, "content_type": "text/plain", "visibility": "private",
                 "immutable": False, "metadata": {"a": ["b"]}, "exif_policy": "strip"}],
        "delete": ["old"],
        "sync": {"prefix": "p/", "prune": True, "confirm": {"base_revision": "r", "delete_set_digest": "d",
                                                              "expected_delete_count": 0}},
    },
    "i18n": {"default_locale": "en", "locales": ["en", "de"], "detect": ["accept-language", "cookie:l"],
             "unknown_locale_policy": "reject"},
}  # fmt: skip


def test_whole_spec_comes_back_as_it_was() -> None:
    spec = parse(WHOLE).spec
    assert spec.to_cloud() == WHOLE
    assert parse(spec.to_cloud()).spec == spec


def test_camel_case_reads_as_the_same_value() -> None:
    camel = json.loads(
        json.dumps(WHOLE)
        .replace("project_id", "project")
        .replace("content_type", "contentType")
        .replace("timeout_seconds", "timeoutSeconds")
        .replace("require_role", "requireRole")
        .replace("id_column", "idColumn")
        .replace("default_locale", "defaultLocale")
    )
    assert parse(camel).spec == parse(WHOLE).spec


def test_unknown_fields_are_kept_at_every_level_unless_strict() -> None:
    doc = {
        "project_id": "prj_1",
        "site": {"replace": {"a.html": {**PAGE, "etag": "e"}}, "later": 1},
        "functions": {"replace": {"f": {"runtime": "node22", "source": REF, "memory": {"swap": 1}}}},
        "routes": {
            "replace": [{"pattern": "/a", "target": {"type": "function", "name": "f", "v": 2}, "w": [1]}]
        },
        "secrets": {"require": ["A"], "vault": "x"},
        "later": {"deep": [None]},
    }
    assert parse(doc, strict=False).spec.to_cloud() == doc
    with pytest.raises(errors.SpecInvalid) as caught:
        parse(doc)
    assert [problem.path for problem in caught.value.problems] == [
        "later", "secrets.vault", "routes.replace[0].w", "routes.replace[0].target.v",
        "functions.replace.f.memory", "site.later", "site.replace.a.html.etag",
    ]  # fmt: skip


def test_absent_null_and_empty_are_three_things() -> None:
    assert parse({"i18n": None}).spec.to_cloud() == {"i18n": None}
    assert parse({"i18n": None}).spec != parse({"routes": {"replace": []}}).spec
    patch = {
        "functions": {"patch": {"set": {"f": {"runtime": "node22", "schedule": None, "require_role": None}}}}
    }
    assert parse(patch).spec.to_cloud() == patch


def test_migration_by_name_gets_its_id_from_the_digest() -> None:
    spec = parse({"database": {"migrations": [{"name": "init", "sql": "x"}]}}).spec
    assert spec.to_cloud()["database"]["migrations"][0]["id"] == f"init_{DIGEST[:16]}"


def test_contents_name_each_digest_once_with_its_bytes() -> None:
    doc = {
        "database": {"migrations": [{"id": "1", "sql": "x"}]},
        "site": {"replace": {"a": {"sha256": DIGEST, "size": 1}, "b": "y"}},
        "functions": {"replace": {"f": {"source": "z"}}},
        "assets": {"put": [{"key": "k", "source": "w"}]},
    }
    contents = parse(doc).spec.contents()
    assert len(contents) == 4
    assert all(ref.source is not None for ref in contents.values())


def test_core_takes_camel_case_inline_sql_and_complete_functions() -> None:
    doc = {
        "project_id": "prj_1",
        "database": {"migrations": [{"id": "1", "sql": "x"}]},
        "functions": {
            "patch": {"set": {"new": {"source": "x", "config": {"timeout_seconds": 5}}}, "delete": ["gone"]}
        },
        "site": {"replace": {"a.txt": "x"}},
    }
    code = Function(source=reference(BytesSource(b"x")))
    sent = parse(doc).spec.to_core(live_functions={"kept": code, "gone": code})
    assert sent == {
        "project": "prj_1",
        "database": {"migrations": [{"id": "1", "checksum": DIGEST, "sql": "x"}]},
        "functions": {
            "replace": {
                "kept": {"runtime": "node22", "source": REF},
                "new": {"runtime": "node22", "source": REF, "config": {"timeoutSeconds": 5}},
            }
        },
        "site": {
            "replace": {"a.txt": {"sha256": DIGEST, "size": 1, "contentType": "text/plain; charset=utf-8"}}
        },
    }


def test_core_wants_functions_restated_even_when_nothing_is_said_of_them() -> None:
    code = Function(source=reference(BytesSource(b"x")))
    sent = parse({"routes": {"replace": []}}).spec.to_core(live_functions={"kept": code})
    assert sent["functions"] == {"replace": {"kept": {"runtime": "node22", "source": REF}}}
    assert "functions" not in parse({"routes": {"replace": []}}).spec.to_core()


@pytest.mark.parametrize(
    ("doc", "code", "path"),
    [
        ({"subdomains": {"set": ["guestbook"]}}, "UNSUPPORTED_CAPABILITY", "subdomains"),
        ({"i18n": {"default_locale": "en", "locales": ["en"]}}, "UNSUPPORTED_CAPABILITY", "i18n"),
        ({"site": {"patch": {"delete": ["a"]}}}, "UNSUPPORTED_CAPABILITY", "site.patch"),
        (
            {"database": {"zero_downtime": True, "expose": {"version": "1"}}},
            "UNSUPPORTED_CAPABILITY",
            "database.zero_downtime",
        ),
        (
            {"database": {"migrations": [{"id": "1", "sql_ref": REF}]}},
            "MIGRATION_SQL_REQUIRED",
            "database.migrations[0]",
        ),
        ({"checks": [{"name": "a"}]}, "INVALID_RELEASE_SPEC", "checks"),
        (
            {"functions": {"replace": {"f": {"files": {"a": "x"}}}}},
            "INVALID_FUNCTION_BUNDLE",
            "functions.replace.f",
        ),
        (
            {"functions": {"replace": {"f": {"source": "x", "deps": ["zod"]}}}},
            "DEPENDENCY_INSTALL_REJECTED",
            "functions.replace.f.deps",
        ),
        (
            {"functions": {"replace": {"f": {"source": "x", "schedule": "* * * * *"}}}},
            "INVALID_FUNCTION_SCHEDULE",
            "functions.replace.f.schedule",
        ),
        (
            {"functions": {"replace": {"f.g": {"source": "x"}}}},
            "INVALID_RELEASE_SPEC",
            "functions.replace.f.g",
        ),
    ],
)
def test_what_core_refuses_is_said_before_anything_is_sent(doc: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(errors.SpecInvalid) as caught:
        parse(doc).spec.to_core()
    assert [(problem.code, problem.path) for problem in caught.value.problems] == [(code, path)]


def test_digests_are_made_over_canonical_json() -> None:
    digest = hashlib.sha256(b'{"a":[1],"b":null}').hexdigest()
    assert document_digest({"b": None, "a": [1]}, prefix="run402-x-v1:") == f"run402-x-v1:{digest}"


scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
segments = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\", exclude_categories=["Cc"]), min_size=1
)
names = segments.filter(lambda text: text not in (".", ".."))
refs = st.builds(
    lambda digest, size, kind: {"sha256": digest, "size": size} | ({"content_type": kind} if kind else {}),
    st.text("0123456789abcdef", min_size=64, max_size=64),
    st.integers(0, 2**40),
    st.sampled_from([None, "text/css", "application/json"]),
)
typed_refs = refs.map(lambda ref: {"content_type": "text/html", **ref})
functions = st.fixed_dictionaries(
    {"runtime": st.just("node22")},
    optional={
        "source": refs,
        "files": st.dictionaries(names, typed_refs, max_size=2),
        "config": st.fixed_dictionaries({}, optional={"timeout_seconds": st.integers(1, 900)}),
        "schedule": st.none() | st.just("*/5 * * * *"),
        "require_auth": st.booleans(),
    },
)
routes = st.builds(
    lambda name, methods: (
        {"pattern": f"/{name}", "target": {"type": "function", "name": "f"}}
        | ({"methods": methods} if methods else {})
    ),
    st.text("abcdefgh", min_size=1),
    st.lists(st.sampled_from(METHODS), unique=True),
)
specs = st.fixed_dictionaries(
    {
        "project_id": st.text(min_size=1),
        "routes": st.lists(routes, unique_by=lambda route: route["pattern"], max_size=4).map(
            lambda table: {"replace": table}
        ),
    },
    optional={
        "base": st.just({"release": "current"}) | st.text(min_size=1).map(lambda text: {"release_id": text}),
        "site": st.fixed_dictionaries({"replace": st.dictionaries(names, typed_refs, max_size=3)}),
        "functions": st.fixed_dictionaries({"replace": st.dictionaries(st.text(), functions, max_size=3)}),
        "checks": st.lists(st.dictionaries(st.text(), documents, max_size=3), max_size=2),
        "i18n": st.none(),
    },
)


@given(specs)
def test_any_sound_spec_survives_the_round_trip(doc: dict[str, Any]) -> None:
    spec = parse(doc).spec
    sent = spec.to_cloud()
    assert (sent, parse(json.loads(canonical_json(sent))).spec) == (doc, spec)


section_names = st.sampled_from([name for name in WHOLE if name != "project_id"])


def objections(doc: Any, *, strict: bool) -> list[str]:
    """What speaks against a document; nothing else may be raised, and what passes can be sent."""
    try:
        parse(doc, strict=strict).spec.to_cloud()
    except errors.SpecInvalid as error:
        return [problem.message for problem in error.problems]
    return ["none"]


@given(documents | st.dictionaries(section_names, documents, min_size=1), st.booleans())
def test_any_document_gives_a_value_or_objections(doc: Any, strict: bool) -> None:
    found = objections(doc, strict=strict)
    assert found
    assert all(found)


@given(documents)
def test_canonical_json_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    def turned(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: turned(item[key]) for key in reversed(list(item))}
        return [turned(part) for part in item] if isinstance(item, list) else item

    assert canonical_json(turned(value)) == canonical_json(value)
    assert json.loads(canonical_json(value)) == value


@given(st.text())
def test_sound_pattern_is_a_plain_path_with_at_most_a_final_wildcard(pattern: str) -> None:
    for text in (pattern, f"/{pattern}", f"/{pattern}/*"):
        if pattern_problem(text) is None:
            assert text.startswith("/")
            assert "?" not in text
            assert text.count("*") == text.endswith("/*")
            assert len(text.encode()) <= 256


@given(st.text())
def test_sound_file_of_a_route_stays_inside_the_site(file: str) -> None:
    for text in (file, f"a/{file}", f"{file}/../b"):
        if static_file_problem(text) is None:
            assert not {"", ".", ".."} & set(text.split("/"))


@given(st.text())
def test_sound_public_path_has_one_reading(path: str) -> None:
    for text in (path, f"/{path}"):
        if public_path_problem(text) is None:
            assert text.startswith("/")
            assert not {".", ".."} & set(text.split("/"))
            assert "//" not in text
