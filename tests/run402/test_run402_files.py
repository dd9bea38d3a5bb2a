"""Names, content types, what is left out, spellings and digests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run402 import ignore, jsontext, mime, names, spec


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("a/b/INDEX.HTM", "text/html; charset=utf-8"),
        ("app.mjs", "text/javascript; charset=utf-8"),
        ("data.json", "application/json"),
        ("favicon.ico", "image/x-icon"),
        ("font.woff2", "font/woff2"),
        ("photo.JPG", "image/jpeg"),
        ("README", "application/octet-stream"),
        ("v1.0/README", "application/octet-stream"),
        ("archive.tar.gz", "application/octet-stream"),
        (".html", "text/html; charset=utf-8"),
        ("", "application/octet-stream"),
    ],
)
def test_content_type_follows_the_suffix(path: str, expected: str) -> None:
    assert mime.content_type(path) == expected


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("index.html", "keep"),
        (".well-known/security.txt", "keep"),
        ("environment.html", "keep"),
        ("keys.html", "keep"),
        (".git/config", "skipped"),
        ("a/node_modules/b/c.js", "skipped"),
        ("a/.DS_Store", "skipped"),
        (".git/id_rsa", "skipped"),
        (".env", "secret"),
        ("api/.env.production", "secret"),
        (".envrc", "secret"),
        (".npmrc", "secret"),
        ("id_ed25519", "secret"),
        ("tls/server.key", "secret"),
        ("tls/Server.PEM", "secret"),
        ("cert.p12", "secret"),
        ("cert.pfx", "secret"),
        ("id_rsa.pub", "keep"),
        ("", "keep"),
    ],
)
def test_file_is_kept_skipped_or_held_back(path: str, verdict: str) -> None:
    assert ignore.classify(path) == verdict


def test_good_names_come_back_as_they_are() -> None:
    assert [names.project_name(name) for name in ("Gästebuch 1", "x" * 128)] == ["Gästebuch 1", "x" * 128]
    assert [names.subdomain(name) for name in ("abc", "a-1", "x" * 63)] == ["abc", "a-1", "x" * 63]


def test_known_keys_are_sent_in_snake_case_and_paths_are_left_alone() -> None:
    ref = {"sha256": "aa", "size": 1, "contentType": "text/css"}
    sent = {"sha256": "aa", "size": 1, "content_type": "text/css"}
    authored = {
        "project": "prj_1",
        "base": {"release": "current"},
        "site": {"patch": {"put": {"contentType": ref}, "delete": ["project"]}},
        "functions": {
            "replace": {
                "defaultLocale": {"source": ref, "files": {"a": ref}, "config": {"timeoutSeconds": 5}}
            },
            "patch": {
                "set": {"f": {"requireRole": {"idColumn": "id"}, "requireAuth": True, "schedule": None}}
            },
        },
        "database": {"migrations": [{"id": "1", "sql_ref": ref}]},
        "i18n": {"defaultLocale": "en", "locales": ["en"]},
    }
    assert spec.cloud_spelling(authored) == {
        "project_id": "prj_1",
        "base": {"release": "current"},
        "site": {"patch": {"put": {"contentType": sent}, "delete": ["project"]}},
        "functions": {
            "replace": {
                "defaultLocale": {"source": sent, "files": {"a": sent}, "config": {"timeout_seconds": 5}}
            },
            "patch": {
                "set": {"f": {"require_role": {"id_column": "id"}, "require_auth": True, "schedule": None}}
            },
        },
        "database": {"migrations": [{"id": "1", "sql_ref": sent}]},
        "i18n": {"default_locale": "en", "locales": ["en"]},
    }


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"site": None, "functions": [], "database": {"migrations": 5}, "i18n": None},
        {"site": {"replace": None, "patch": []}, "functions": {"replace": {"f": 5}, "patch": {"set": None}}},
        {"project_id": "a", "site": {"replace": {"x": "inline"}}},
    ],
)
def test_spelling_leaves_what_it_does_not_know_to_the_gateway(odd: dict[str, Any]) -> None:
    assert spec.cloud_spelling(odd) == odd


def test_snake_case_wins_where_both_spellings_stand() -> None:
    assert spec.cloud_spelling({"project": "a", "project_id": "b"}) == {"project_id": "b"}


def test_canonical_json_sorts_by_utf_16_code_unit_without_whitespace() -> None:
    value = {"\ufb33": 1, "\U0001f600": 2, "b": [True, None, {"d": "é", "c": 1}], "a": ""}
    text = '{"a":"","b":[true,null,{"c":1,"d":"é"}],"\U0001f600":2,"\ufb33":1}'
    assert spec.canonical_json(value) == text.encode()


def test_digest_is_lower_case_hex() -> None:
    assert spec.sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("depth", [1, 30, 60])
def test_ordinary_nesting_is_read(depth: int) -> None:
    assert jsontext.loads(b'{"a":[' * (depth // 2) + b'"]]]}}}"' + b"]}" * (depth // 2)) is not None


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200,
        b'{"a":' * 200 + b"1" + b"}" * 200,
        b"[" * 200 + b"]" * 200,
        b"[{" * 2_000_000,
        b'"\\' * 1_000_001,
    ],
)
def test_deep_or_endless_nesting_is_refused_quickly(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        jsontext.loads(content)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=10,
    )
)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert jsontext.loads(jsontext.dumps(value)) == value
