"""Every form in which people write a release, and what it becomes."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from run402 import errors, spec
from run402.spec import BytesSource, ContentRef, PathSource, parse

SQL = "CREATE TABLE items (id serial PRIMARY KEY);"
SQL_DIGEST = hashlib.sha256(SQL.encode()).hexdigest()
PAGE = "<h1>hello</h1>"
PAGE_DIGEST = hashlib.sha256(PAGE.encode()).hexdigest()


def problems(doc: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    """The code and path of each objection to a document."""
    with pytest.raises(errors.SpecInvalid) as caught:
        parse(doc, **options)
    return [(problem.code, problem.path) for problem in caught.value.problems]


def page(content_type: str = "text/html; charset=utf-8") -> dict[str, Any]:
    return {"sha256": PAGE_DIGEST, "size": len(PAGE), "content_type": content_type}


BUNDLE: dict[str, Any] = {
    "project_id": "prj_1741340000_42",
    "migrations": SQL,
    "rls": {"template": "public_read_write", "tables": [{"table": "items"}]},
    "secrets": [{"key": "OPENAI_API_KEY", "value": "sk-secret"}],
    "functions": [{"name": "my-fn", "code": "export default 1", "config": {"timeout": 30, "memory": 256}}],
    "files": [{"file": "index.html", "data": PAGE}, {"file": "style.css", "data": "body { margin: 0; }"}],
    "subdomain": "my-app",
    "idempotency_key": "once",
}


def test_bundle_becomes_a_release_with_its_secrets_apart() -> None:
    parsed = parse(BUNDLE)
    sent = parsed.spec.to_cloud()
    assert (parsed.form, parsed.idempotency_key) == ("bundle", "once")
    assert parsed.secret_values == {"OPENAI_API_KEY": "sk-secret"}
    assert (sent["project_id"], sent["secrets"]) == ("prj_1741340000_42", {"require": ["OPENAI_API_KEY"]})
    assert sent["database"]["migrations"] == [
        {
            "id": f"migration_{SQL_DIGEST[:16]}",
            "checksum": SQL_DIGEST,
            "sql_ref": {"sha256": SQL_DIGEST, "size": len(SQL), "content_type": "application/sql"},
        }
    ]
    assert sent["database"]["expose"] == {
        "version": "1",
        "tables": [
            {
                "name": "items",
                "expose": True,
                "policy": "public_read_write_UNRESTRICTED",
                "i_understand_this_is_unrestricted": True,
            }
        ],
    }
    assert sent["site"]["replace"]["index.html"] == page()
    assert sent["functions"]["patch"]["set"]["my-fn"]["config"] == {"timeout_seconds": 30, "memory_mb": 256}
    assert sent["subdomains"] == {"set": ["my-app"]}


def test_values_of_secrets_are_in_no_repr_and_no_document() -> None:
    parsed = parse(BUNDLE)
    assert "sk-secret" not in repr(parsed) + str(parsed.spec.to_cloud())


def test_file_of_migrations_wins_over_inline_sql() -> None:
    doc = {"migrations": "SELECT 1", "migrations_file": "setup.sql"}
    parsed = parse(doc, files={"setup.sql": BytesSource(SQL.encode())})
    assert [item.checksum for item in (parsed.spec.database and parsed.spec.database.migrations) or ()] == [
        SQL_DIGEST
    ]
    assert parsed.used == {"setup.sql"}


@pytest.mark.parametrize(
    ("template", "table", "policy"),
    [
        ("user_owns_rows", {"table": "t", "owner_column": "uid"}, {"policy": "user_owns_rows", "owner_column": "uid"}),
        ("public_read", {"table": "t"}, {"policy": "public_read_authenticated_write"}),
    ],
)  # fmt: skip
def test_template_becomes_a_policy(template: str, table: dict[str, str], policy: dict[str, str]) -> None:
    sent = parse({"rls": {"template": template, "tables": [table]}}).spec.to_cloud()
    assert sent["database"]["expose"]["tables"] == [{"name": "t", "expose": True, **policy}]


def test_wrong_bundle_is_told_its_own_fields() -> None:
    doc = {
        "migrations_file": "gone.sql",
        "rls": {"template": "user_owns_rows", "tables": [{"table": "t"}]},
        "secrets": [{"key": "lower", "value": "x"}, {"key": "OK", "value": 5}],
        "functions": [{"name": "f", "code": "x", "config": {"timeout": 0}}],
        "fliles": [],
    }
    assert problems(doc)[:5] == [
        ("INVALID_SPEC", "fliles"),
        ("INVALID_SPEC", "secrets[0].key"),
        ("INVALID_SPEC", "secrets[1].value"),
        ("INVALID_SPEC", "migrations_file"),
        ("INVALID_SPEC", "rls.tables[0].owner_column"),
    ]
    assert ("INVALID_SPEC", "functions[0].config.timeout") in problems(doc)


def test_site_manifest_replaces_the_site() -> None:
    encoded = base64.b64encode(b"\x89PNG").decode()
    doc = {
        "files": [
            {"file": "index.html", "data": PAGE},
            {"file": "a.png", "data": encoded, "encoding": "base64"},
        ]
    }
    parsed = parse(doc)
    assert (parsed.form, parsed.spec.project) == ("site", None)
    assert parsed.spec.to_cloud() == {
        "site": {
            "replace": {
                "index.html": page(),
                "a.png": {"sha256": hashlib.sha256(b"\x89PNG").hexdigest(), "size": 4, "content_type": "image/png"},
            }
        }
    }  # fmt: skip


def test_site_manifest_needs_its_entry_page() -> None:
    assert problems({"files": [{"file": "a.html", "data": "x"}]}) == [("INVALID_SPEC", "files")]


def test_every_form_of_a_file_entry_gives_the_same_reference(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE)
    forms: list[Any] = [
        PAGE,
        {"data": PAGE},
        {"data": base64.b64encode(PAGE.encode()).decode(), "encoding": "base64"},
        {"path": "./page.html"},
        {"sha256": PAGE_DIGEST, "size": len(PAGE)},
        {"sha256": PAGE_DIGEST, "size": len(PAGE), "contentType": "text/html; charset=utf-8"},
    ]
    files = {"page.html": PathSource(str(tmp_path / "page.html"))}
    sent = [
        parse({"site": {"replace": {"index.html": form}}}, files=files).spec.to_cloud()["site"]["replace"]
        for form in forms
    ]
    assert sent == [{"index.html": page()}] * len(forms)


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        (5, ""),
        ({}, ""),
        ({"data": "x", "path": "y"}, ""),
        ({"data": 5}, ".data"),
        ({"data": "x", "encoding": "hex"}, ".encoding"),
        ({"data": "***", "encoding": "base64"}, ".data"),
        ({"path": "gone.html"}, ".path"),
        ({"sha256": "AA", "size": 1}, ".sha256"),
        ({"sha256": "0" * 64}, ".size"),
        ({"sha256": "0" * 64, "size": -1}, ".size"),
        ({"data": "x", "colour": "red"}, ".colour"),
    ],
)
def test_wrong_file_entry_names_its_field(entry: Any, path: str) -> None:
    assert problems({"site": {"replace": {"a.html": entry}}}) == [
        ("INVALID_SPEC", f"site.replace.a.html{path}")
    ]


@pytest.mark.parametrize("path", ["/a", "a//b", "../a", "a/./b", "a\\b", "", "a\n"])
def test_path_of_a_file_stays_inside_the_site(path: str) -> None:
    assert problems({"site": {"replace": {path: "x"}}}) == [("INVALID_SPEC", f"site.replace.{path}")]


def test_text_for_a_binary_file_is_refused_by_its_own_code() -> None:
    assert problems({"site": {"replace": {"a.png": "x"}}}) == [
        ("BINARY_CONTENT_REQUIRES_BYTES", "site.replace.a.png")
    ]


def test_build_tree_with_its_server_is_no_site() -> None:
    doc = {"site": {"replace": {"run402/server/entry.mjs": "x"}}}
    assert problems(doc) == [("ASTRO_ADAPTER_TREE_IN_SITE", "site.replace")]


def test_folder_is_collected_by_the_official_rules(tmp_path: Path) -> None:
    for name in ("index.html", "a/b.css", ".git/config", "node_modules/x.js", ".env", "a/.DS_Store"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert list(spec.folder(tmp_path)) == ["a/b.css", "index.html"]
    (tmp_path / "link.html").symlink_to(tmp_path / "index.html")
    with pytest.raises(errors.SpecInvalid, match=r"link\.html"):
        spec.folder(tmp_path)


def test_content_reference_of_a_store_is_used_as_it_is() -> None:
    stored = ContentRef(PAGE_DIGEST, len(PAGE))
    sent = parse({"site": {"replace": {"index.html": {"path": "p"}}}}, files={"p": stored}).spec.to_cloud()
    assert sent["site"]["replace"] == {"index.html": page()}


def test_lifted_fields_are_not_part_of_the_spec() -> None:
    parsed = parse({"$schema": "x", "project": "prj_1", "idempotencyKey": "k", "routes": {"replace": []}})
    assert (parsed.idempotency_key, parsed.spec.to_cloud()) == (
        "k",
        {"project_id": "prj_1", "routes": {"replace": []}},
    )


def test_two_projects_in_one_document_are_refused() -> None:
    assert problems({"project": "a", "project_id": "b", "routes": {"replace": []}}) == [
        ("INVALID_SPEC", "project")
    ]
