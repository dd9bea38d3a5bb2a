"""The rules of each section, with the contract's code and the field's path in every objection."""

from __future__ import annotations

from typing import Any

import pytest

from run402 import errors
from run402.spec import parse

INVALID = "INVALID_SPEC"
API = {"type": "function", "name": "api"}
EVENTS = {"type": "static", "file": "events.html"}
GATE = {"table": "staff", "idColumn": "id", "roleColumn": "role", "allowed": ["admin"]}
SHA = "0" * 64
RUN = {"event_type": "nightly"}


def problems(doc: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(errors.SpecInvalid) as caught:
        parse(doc, **options)
    return [(problem.code, problem.path) for problem in caught.value.problems]


def route(pattern: Any = "/api/*", target: Any = API, **more: Any) -> dict[str, Any]:
    return {"routes": {"replace": [{"pattern": pattern, "target": target, **more}]}}


def function(**more: Any) -> dict[str, Any]:
    return {"functions": {"replace": {"f": {"source": "x", **more}}}}


def put(**more: Any) -> dict[str, Any]:
    return {"assets": {"put": [{"key": "logo.svg", "source": "x", **more}]}}


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ({"base": {"release": "current", "release_id": "rel_1"}}, [(INVALID, "base")]),
        ({"base": {"release": "latest"}}, [(INVALID, "base.release")]),
        ({"base": 5}, [(INVALID, "base"), (INVALID, "base")]),
        ({"database": {"migrations": [{"id": "1"}]}}, [(INVALID, "database.migrations[0]")]),
        ({"database": {"migrations": [{"sql": "x"}]}}, [(INVALID, "database.migrations[0].id")]),
        ({"database": {"migrations": [{"id": "1", "sql": "x", "transaction": "maybe"}]}},
         [(INVALID, "database.migrations[0].transaction")]),
        ({"database": {"migrations": [{"name": "-x", "sql": "x"}]}}, [(INVALID, "database.migrations[0].name")]),
        ({"secrets": {"require": ["lower"]}}, [(INVALID, "secrets.require[0]")]),
        ({"secrets": {"require": ["A", "A"]}}, [(INVALID, "secrets.require")]),
        ({"secrets": {"require": ["A"], "delete": ["A"]}}, [(INVALID, "secrets")]),
        ({"secrets": {"set": {"A": "value"}}}, [(INVALID, "secrets.set")]),
        ({"secrets": {"replace_all": {"A": "value"}}}, [(INVALID, "secrets.replace_all")]),
        (function(runtime="node18"), [(INVALID, "functions.replace.f.runtime")]),
        (function(config={"timeoutSeconds": 0}), [(INVALID, "functions.replace.f.config.timeoutSeconds")]),
        (function(config={"memory_mb": True}), [(INVALID, "functions.replace.f.config.memory_mb")]),
        (function(config={"cpu": 1}), [(INVALID, "functions.replace.f.config.cpu")]),
        (function(schedule="* * *"), [(INVALID, "functions.replace.f.schedule")]),
        (function(requireRole={**GATE, "allowed": []}),
         [("DEPLOY_INVALID_ROLE_GATE", "functions.replace.f.requireRole.allowed")]),
        (function(requireRole={**GATE, "cacheTtl": 601}), [(INVALID, "functions.replace.f.requireRole.cacheTtl")]),
        (function(**{"class": "edge"}), [(INVALID, "functions.replace.f.class")]),
        (function(triggers=[{"id": "t", "type": "schedule", "run": RUN}]),
         [(INVALID, "functions.replace.f.triggers[0].cron")]),
        (function(triggers=[{"id": "t", "type": "email", "mailbox": "m", "events": ["read"], "run": RUN}]),
         [(INVALID, "functions.replace.f.triggers[0].events")]),
        ({"functions": {"replace": {"f": {"source": "x", "requireRole": GATE},
                                    "g": {"source": "x", "requireRole": {**GATE, "table": "users"}}}}},
         [("DEPLOY_INVALID_ROLE_GATE", "functions")]),
        ({"site": {"replace": {"a": "x"}, "patch": {"delete": ["b"]}}}, [(INVALID, "site")]),
        ({"site": {"public_paths": {}}}, [(INVALID, "site.public_paths.mode")]),
        ({"site": {"public_paths": {"mode": "explicit"}}}, [(INVALID, "site.public_paths.replace")]),
        ({"site": {"public_paths": {"mode": "implicit", "replace": {}}}}, [(INVALID, "site.public_paths.replace")]),
        ({"site": {"public_paths": {"mode": "explicit", "replace": {"a": {"asset": "a"}}}}},
         [(INVALID, "site.public_paths.replace.a")]),
        ({"site": {"public_paths": {"mode": "explicit", "replace": {"/_cas/a": {"asset": "a"}}}}},
         [(INVALID, "site.public_paths.replace./_cas/a")]),
        ({"site": {"public_paths": {"mode": "explicit", "replace": {"/a": {}}}}},
         [(INVALID, "site.public_paths.replace./a.asset")]),
        ({"subdomains": {"set": ["one", "two"]}}, [("SUBDOMAIN_MULTI_NOT_SUPPORTED", "subdomains.set")]),
        ({"subdomains": {"add": ["-x-"]}}, [(INVALID, "subdomains.add[0]")]),
        ({"routes": {"/api": {}}}, [(INVALID, "routes")]),
        ({"routes": {}}, [(INVALID, "routes.replace")]),
        (route("api"), [(INVALID, "routes.replace[0].pattern")]),
        (route("/*"), [(INVALID, "routes.replace[0].pattern")]),
        (route("/a*"), [(INVALID, "routes.replace[0].pattern")]),
        (route("/a?b"), [(INVALID, "routes.replace[0].pattern")]),
        (route("/a%zz"), [(INVALID, "routes.replace[0].pattern")]),
        (route("/" + "ä" * 128), [(INVALID, "routes.replace[0].pattern")]),
        (route(methods=[]), [(INVALID, "routes.replace[0].methods")]),
        (route(methods=["get"]), [(INVALID, "routes.replace[0].methods")]),
        (route(methods=["GET", "GET"]), [(INVALID, "routes.replace[0].methods")]),
        (route(target={"function": "api"}), [(INVALID, "routes.replace[0].target")]),
        (route(target={"type": "function"}), [(INVALID, "routes.replace[0].target.name")]),
        (route(target={"type": "proxy"}), [(INVALID, "routes.replace[0].target.type")]),
        (route(target={**API, "file": "x"}), [(INVALID, "routes.replace[0].target.file")]),
        (route("/e/*", EVENTS, methods=["GET"]), [(INVALID, "routes.replace[0].pattern")]),
        (route("/e", EVENTS), [(INVALID, "routes.replace[0].methods")]),
        (route("/e", {"type": "static", "file": "../e"}, methods=["GET"]),
         [(INVALID, "routes.replace[0].target.file")]),
        (route(acknowledge_readonly=True), [(INVALID, "routes.replace[0].acknowledge_readonly")]),
        (route(acknowledge_readonly=False, methods=["GET"]), [(INVALID, "routes.replace[0].acknowledge_readonly")]),
        (route(pricing={"mode": "often"}), [(INVALID, "routes.replace[0].pricing.mode")]),
        ({"routes": {"replace": [{"pattern": f"/r{n}", "target": API} for n in range(101)]}},
         [(INVALID, "routes.replace")]),
        ({"routes": {"replace": [{"pattern": "/a", "target": API},
                                 {"pattern": "/a/", "target": API, "methods": ["PUT"]}]}},
         [(INVALID, "routes.replace[1]")]),
        ({"routes": {"replace": [{"pattern": "/a", "target": API, "methods": ["GET"]},
                                 {"pattern": "/a", "target": API, "methods": ["HEAD"]}]}},
         [(INVALID, "routes.replace[1]")]),
        ({"checks": {}}, [(INVALID, "checks")]),
        (put(key=5), [(INVALID, "assets.put[0].key")]),
        (put(key="/a"), [(INVALID, "assets.put[0].key")]),
        (put(key="_cas/a"), [(INVALID, "assets.put[0].key")]),
        (put(metadata={"a": {"b": 1}}), [("INVALID_ASSET_METADATA", "assets.put[0].metadata")]),
        (put(metadata={"a": "x" * 4096}), [("INVALID_ASSET_METADATA", "assets.put[0].metadata")]),
        (put(exifPolicy="drop"), [("INVALID_EXIF_POLICY", "assets.put[0].exifPolicy")]),
        (put(sha256=SHA), [(INVALID, "assets.put[0]")]),
        ({"assets": {"put": [{"key": "a", "source": "x"}, {"key": "a", "source": "y"}]}},
         [("ASSET_DUPLICATE_KEY_IN_PUT", "assets.put[1].key")]),
        ({"assets": {"put": [{"key": "a", "source": "x"}], "delete": ["a"]}},
         [("ASSET_KEY_IN_PUT_AND_DELETE", "assets.put[0].key")]),
        ({"assets": {"sync": {"prefix": "a/", "prune": False}}}, [(INVALID, "assets.sync.prune")]),
        ({"assets": {"sync": {"prune": True}}}, [(INVALID, "assets.sync.prefix")]),
        ({"i18n": {"locales": ["en"]}}, [(INVALID, "i18n.default_locale")]),
        ({"i18n": {"defaultLocale": "EN", "locales": ["en"]}}, [(INVALID, "i18n.defaultLocale")]),
        ({"i18n": {"defaultLocale": "en", "locales": []}}, [(INVALID, "i18n.locales")]),
        ({"i18n": {"defaultLocale": "en", "locales": ["en", "-"]}}, [(INVALID, "i18n.locales[1]")]),
        ({"i18n": {"defaultLocale": "en", "locales": ["en"], "detect": ["cookie:a b"]}}, [(INVALID, "i18n.detect[0]")]),
        ({"i18n": {"defaultLocale": "en", "locales": ["en"], "detect": [f"cookie:{n}" for n in range(11)]}},
         [(INVALID, "i18n.detect")]),
        ({"relaese": {}, "routes": {"replace": []}}, [(INVALID, "relaese")]),
    ],
)  # fmt: skip
def test_broken_rule_is_named_by_code_and_path(doc: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert problems(doc) == expected


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"name": "t", "expose": True}, ("schema-shape", "policy")),
        ({"name": "t", "expose": True, "policy": "user_owns_rows"}, ("schema-shape", "owner_column")),
        ({"name": "t", "expose": True, "policy": "public_read_write_UNRESTRICTED"},
         ("unrestricted-ack-required", "i_understand_this_is_unrestricted")),
        ({"name": "t", "expose": True, "policy": "custom"}, ("schema-shape", "custom_sql")),
        ({"name": "t", "expose": False, "force_owner_on_insert": True},
         ("force-owner-without-owner-column", "owner_column")),
        ({"name": "t", "expose": True, "policy": "mine"}, (INVALID, "policy")),
        ({"name": "t"}, ("schema-shape", "expose")),
    ],
)  # fmt: skip
def test_exposed_table_says_who_may_what(table: dict[str, Any], expected: tuple[str, str]) -> None:
    code, path = expected
    doc = {"database": {"expose": {"version": "1", "tables": [table]}}}
    assert problems(doc) == [(code, f"database.expose.tables[0].{path}")]


@pytest.mark.parametrize(
    "doc",
    [
        {},
        {"base": {"release": "current"}},
        {"site": {"replace": {}}},
        {"site": {"patch": {}}},
        {"functions": {"replace": {}}},
        {"functions": {"patch": {"set": {}}}},
        {"database": {"migrations": []}},
        {"database": {"zero_downtime": True}},
        {"database": {"expose": {}}},
        {"secrets": {"require": []}},
        {"subdomains": {}},
        {"routes": None},
        {"checks": []},
        {"assets": {"put": []}},
    ],
)
def test_document_that_asks_for_no_change_is_empty(doc: dict[str, Any]) -> None:
    assert problems(doc) == [("MANIFEST_EMPTY", "")]
    assert parse(doc, allow_empty=True).spec.deploys is False


@pytest.mark.parametrize(
    "doc",
    [
        {"site": {"public_paths": {"mode": "implicit"}}},
        {"site": {"patch": {"delete": ["a"]}}},
        {"functions": {"patch": {"delete": ["f"]}}},
        {"functions": {"patch": {"set": {"f": {"schedule": None}}}}},
        {"routes": {"replace": []}},
        {"checks": [{"name": "front"}]},
        {"assets": {"sync": {"prefix": "a/", "prune": True}}},
        {"i18n": None},
        {"database": {"expose": {"version": "1"}}},
    ],
)
def test_document_that_asks_for_any_change_is_not_empty(doc: dict[str, Any]) -> None:
    assert parse(doc).spec.to_cloud().keys() == doc.keys()


def test_all_objections_come_at_once_with_a_sentence_for_people() -> None:
    with pytest.raises(errors.SpecInvalid) as caught:
        parse({"site": 5, "secrets": {"require": ["a"]}, "checks": 7})
    error = caught.value
    assert (len(error.problems), error.code, error.mutation_state) == (3, INVALID, "not_started")
    assert error.message.endswith("(and 2 more)")
    assert error.envelope()["details"]["problems"][0]["path"] == error.problems[0].path


def test_value_of_a_secret_is_never_repeated() -> None:
    with pytest.raises(errors.SpecInvalid) as caught:
        parse({"secrets": {"set": {"TOKEN": "sk-secret"}}}, strict=False)
    assert "sk-secret" not in str(caught.value) + str(caught.value.envelope())
