"""Manifests in the CLI's format: what they become, and what is refused where."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from core.errors import Refusal
from deploys import store
from deploys.manifests import Manifest, parse, read_manifest


@pytest.fixture(autouse=True)
def _store(settings: Settings, tmp_path: Path) -> None:
    settings.STORE_DIR = tmp_path


def tree(**files: str) -> dict[str, dict[str, Any]]:
    """Return the files beside a manifest; `__` stands for the dot of a name."""
    found = {}
    for name, content in files.items():
        blob = store.put([content.encode()])
        found[name.replace("__", ".")] = {"sha256": blob.sha256, "size": blob.size, "content_type": "x/y"}
    return found


def read(document: dict[str, Any], **files: str) -> Manifest:
    return read_manifest(parse(json.dumps(document).encode()), tree(**files))


def refused(document: dict[str, Any], **files: str) -> tuple[str, str]:
    with pytest.raises(Refusal) as caught:
        read(document, **files)
    assert caught.value.field == "manifest"
    return caught.value.fault.code, str(caught.value)


def reference(content: str, content_type: str = "text/html; charset=utf-8") -> dict[str, Any]:
    data = content.encode()
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "content_type": content_type}


def test_all_forms_of_a_file_become_references() -> None:
    manifest = read(
        {
            "site": {
                "replace": {
                    "a.html": "<p>a</p>",
                    "b.html": {"data": "PHA+YjwvcD4=", "encoding": "base64"},
                    "c.html": {"path": "./page__html".replace("__", "."), "contentType": "text/plain"},
                    "d.html": {"sha256": "0" * 64, "size": 7, "contentType": "text/html"},
                }
            }
        },
        page__html="<p>c</p>",
    )
    assert manifest.spec == {
        "site": {
            "replace": {
                "a.html": reference("<p>a</p>"),
                "b.html": reference("<p>b</p>"),
                "c.html": reference("<p>c</p>", "text/plain"),
                "d.html": {"sha256": "0" * 64, "size": 7, "content_type": "text/html"},
            }
        }
    }
    with store.open_blob(reference("<p>b</p>")["sha256"]) as file:
        assert file.read() == b"<p>b</p>"


def test_keys_that_are_not_of_the_spec_are_lifted_out() -> None:
    manifest = read(
        {"$schema": "x", "project_id": "prj_1", "idempotencyKey": "k1", "subdomains": {"set": ["tide"]}}
    )
    assert (manifest.spec, manifest.project_id, manifest.idempotency_key) == (
        {"subdomains": {"set": ["tide"]}},
        "prj_1",
        "k1",
    )


def test_without_a_site_the_files_beside_it_are_the_site() -> None:
    manifest = read({"subdomains": {"set": ["tide"]}}, index__html="x")
    assert (manifest.takes_tree, manifest.not_named) == (True, ())


def test_files_a_manifest_does_not_name_are_told() -> None:
    manifest = read({"site": {"replace": {"index.html": {"path": "a.html"}}}}, a__html="a", b__html="b")
    assert (manifest.takes_tree, manifest.not_named) == (False, ("b.html",))


def test_functions_and_migrations_are_read_and_passed_on() -> None:
    sql = "create table t (id int);"
    manifest = read(
        {
            "database": {
                "migrations": [
                    {"id": "001", "sql_path": "m.sql"},
                    {"name": "two", "sql": sql, "transaction": "none"},
                ],
                "expose": {"t": {}},
            },
            "functions": {
                "replace": {
                    "api": {
                        "source": "export default 1",
                        "config": {"timeoutSeconds": 5, "memoryMb": 128},
                        "schedule": None,
                    }
                }
            },
        },
        m__sql=sql,
    )
    ref = reference(sql, "application/sql")
    source = reference("export default 1")
    del source["content_type"]
    assert manifest.spec == {
        "database": {
            "expose": {"t": {}},
            "migrations": [
                {"id": "001", "checksum": ref["sha256"], "sql_ref": ref},
                {
                    "id": f"two_{ref['sha256'][:16]}",
                    "checksum": ref["sha256"],
                    "sql_ref": ref,
                    "transaction": "none",
                },
            ],
        },
        "functions": {
            "replace": {
                "api": {
                    "runtime": "node22",
                    "source": source,
                    "config": {"timeout_seconds": 5, "memory_mb": 128},
                    "schedule": None,
                }
            }
        },
    }


def test_routes_public_paths_and_languages_are_read() -> None:
    document = {
        "base": {"release": "current"},
        "site": {
            "public_paths": {
                "mode": "explicit",
                "replace": {"/": {"asset": "index.html", "cache_class": "html"}},
            }
        },
        "routes": {
            "replace": [
                {"pattern": "/home", "methods": ["GET"], "target": {"type": "static", "file": "index.html"}}
            ]
        },
        "i18n": {"defaultLocale": "en", "locales": ["en", "de"]},
        "secrets": {"require": ["API_KEY"]},
    }
    spec = read(document).spec
    assert spec["i18n"] == {"default_locale": "en", "locales": ["en", "de"]}
    assert {key: spec[key] for key in ("base", "site", "routes", "secrets")} == {
        key: document[key] for key in ("base", "site", "routes", "secrets")
    }


def test_a_secret_value_is_refused_and_not_repeated() -> None:
    code, sentence = refused({"secrets": {"set": {"API_KEY": "hunter2"}}})
    assert (code, sentence) == (
        "INVALID_SPEC",
        "secrets.set: values never travel in a spec. Take them out, and change them if they were real.",
    )


@pytest.mark.parametrize(
    ("document", "code", "where"),
    [
        ({"sites": {}}, "INVALID_SPEC", "sites: "),
        ({"site": {"replace": {}, "patch": {}}}, "INVALID_SPEC", "site: "),
        ({"site": {"replace": {"../x.html": "x"}}}, "INVALID_SPEC", "site.replace: "),
        (
            {"site": {"replace": {"x.html": {"path": "gone.html"}}}},
            "INVALID_SPEC",
            "site.replace.x.html.path: ",
        ),
        (
            {"site": {"replace": {"x.html": {"data": "%%", "encoding": "base64"}}}},
            "INVALID_SPEC",
            "site.replace.x.html.data: ",
        ),
        (
            {"site": {"replace": {"x.html": {"sha256": "short", "size": 1}}}},
            "INVALID_SPEC",
            "site.replace.x.html.sha256: ",
        ),
        ({"site": {"replace": {"x.html": 5}}}, "INVALID_SPEC", "site.replace.x.html: "),
        (
            {"site": {"public_paths": {"mode": "implicit", "replace": {}}}},
            "INVALID_SPEC",
            "site.public_paths.replace: ",
        ),
        ({"subdomains": {"set": ["one", "two"]}}, "SUBDOMAIN_MULTI_NOT_SUPPORTED", "subdomains.set: "),
        ({"subdomains": {"add": ["Not_Good"]}}, "INVALID_SPEC", "subdomains.add: "),
        ({"routes": {"/api/*": {}}}, "INVALID_SPEC", "routes: "),
        (
            {"routes": {"replace": [{"pattern": "/a*", "target": {"type": "function", "name": "f"}}]}},
            "INVALID_SPEC",
            "routes.replace[0].pattern: ",
        ),
        (
            {
                "routes": {
                    "replace": [
                        {"pattern": "/a", "methods": ["POST"], "target": {"type": "static", "file": "a.html"}}
                    ]
                }
            },
            "INVALID_SPEC",
            "routes.replace[0].methods: ",
        ),
        (
            {"routes": {"replace": [{"pattern": "/a", "target": {"function": "f"}}]}},
            "INVALID_SPEC",
            "routes.replace[0].target.function: ",
        ),
        ({"secrets": {"require": ["lower"]}}, "INVALID_SPEC", "secrets.require: "),
        ({"secrets": {"require": ["A"], "delete": ["A"]}}, "INVALID_SPEC", "secrets: "),
        (
            {"functions": {"replace": {"f": {"runtime": "python"}}}},
            "INVALID_SPEC",
            "functions.replace.f.runtime: ",
        ),
        ({"functions": {"replace": {"f": {"code": "x"}}}}, "INVALID_SPEC", "functions.replace.f.code: "),
        ({"database": {"migrations": [{"id": "1"}]}}, "INVALID_SPEC", "database.migrations[0]: "),
        ({"i18n": {"locales": ["en"], "default_locale": "fr"}}, "INVALID_SPEC", "i18n.default_locale: "),
        ({"base": {"release": "current", "release_id": "rel_1"}}, "INVALID_SPEC", "base: "),
        ({"assets": {"put": []}, "site": {"replace": {"a": "x"}}}, "INVALID_SPEC", "assets: "),
        ({}, "MANIFEST_EMPTY", "The manifest deploys nothing"),
        ({"functions": {"replace": {}}}, "MANIFEST_EMPTY", "The manifest deploys nothing"),
        ({"site": {"replace": {}}}, "MANIFEST_EMPTY", "The manifest deploys nothing"),
    ],
)
def test_a_refusal_names_the_field(document: dict[str, Any], code: str, where: str) -> None:
    found, sentence = refused(document)
    assert (found, sentence[: len(where)]) == (code, where)


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b"{", b"\xff\xfe", b'{"a":' * 200 + b"1" + b"}" * 200, b'{"a": NaN}']
)
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        parse(content)
    assert (caught.value.fault.code, caught.value.field) == ("INVALID_SPEC", "manifest")


def test_routes_cleared_and_languages_cleared_count_as_a_change() -> None:
    assert read({"routes": {"replace": []}}).spec == {"routes": {"replace": []}}
    assert read({"i18n": None}).spec == {"i18n": None}
