"""Functions really run: through their routes on the app's host, and by name with a key (apply 4, 7)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.functions.node import find_node
from tests import needs
from tests.sandbox.sandbox_http import Http, sandbox_over
from tests.sandbox.sandbox_player import Owned, Player, sha256

FIRST_TYPES = (22, 6)  # as an experiment
ECHO = """
export default async (req) => {
  console.log("called", req.method, new URL(req.url).pathname);
  const headers = new Headers({ "content-type": "application/json" });
  headers.append("set-cookie", "a=1; Path=/");
  headers.append("set-cookie", "b=2");
  const body = req.method === "GET" ? null : await req.text();
  const seen = Object.fromEntries(req.headers);
  return new Response(JSON.stringify({ method: req.method, url: req.url, body, seen, env: process.env }), {
    status: 201, headers });
};
"""
INDEX = {"index.html": b"<h1>home</h1>"}


def source(code: str) -> dict[str, Any]:
    return {"source": {"sha256": sha256(code.encode()), "size": len(code.encode())}}


def route(pattern: str, name: str, *methods: str) -> dict[str, Any]:
    chosen = {"methods": list(methods)} if methods else {}
    return {"pattern": pattern, **chosen, "target": {"type": "function", "name": name}}


def deploy(owned: Owned, code: Mapping[str, str], *routes: dict[str, Any], **more: Any) -> dict[str, Any]:
    owned.upload({name: text.encode() for name, text in code.items()} | INDEX)
    functions = {name: {**source(text), **more.get(name, {})} for name, text in code.items()}
    spec = {
        "functions": {"replace": functions},
        "routes": {"replace": list(routes)},
        "subdomains": {"set": ["fun"]},
    }
    return owned.deploy(INDEX, **spec)


def old_node(folder: Path) -> Path:
    """The machine's Node as if it were of a time before types: it says so, and takes none."""
    node = find_node()
    assert node is not None
    without = "--no-experimental-strip-types" if node.version >= FIRST_TYPES else ""
    program = folder / "node"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec echo v20.0.0\nexec "{node.program}" {without} "$@"\n'
    )
    program.chmod(0o755)
    return program


def invoke(owned: Owned, name: str, **arguments: Any) -> Any:
    headers = {"apikey": owned.anon_key, **arguments.pop("headers", {})}
    return owned.player.http.request("POST", f"/functions/v1/{name}", headers=headers, **arguments)


@needs.node
def test_route_calls_the_function_with_the_whole_request(http: Http, guestbook: Owned) -> None:
    guestbook.serviced(
        "POST", f"/projects/v1/admin/{guestbook.id}/secrets", json={"key": "GREETING", "value": "hi"}
    )
    deploy(guestbook, {"echo": ECHO}, route("/api/*", "echo"))
    headers = {"x-run402-user-id": "forged", "x-own": "yes"}
    response = http.put(http.app("fun", "/api/a%20b?q=1"), content=b"body", headers=headers)
    seen = response.json()
    assert response.status_code == 201
    assert (seen["method"], seen["url"], seen["body"]) == (
        "PUT",
        http.app("fun", "/api/a%20b?q=1"),
        "body",
    )
    assert response.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]
    assert response.headers["cache-control"] == "private, no-store"
    assert response.headers["x-run402-cache"] == "dynamic-bypass"
    assert ("x-run402-user-id" in seen["seen"], seen["seen"]["x-own"]) == (False, "yes")
    assert seen["seen"]["x-run402-request-id"] == response.headers["x-run402-request-id"]
    assert {name for name in seen["env"] if not name.startswith("RUN402_")} <= {
        *("GREETING", "HOME", "TMPDIR", "LANG", "NODE_NO_WARNINGS"),
        "__CF_USER_TEXT_ENCODING",
    }
    assert seen["env"]["GREETING"] == "hi"


@needs.node
def test_methods_routes_and_files_share_an_address(http: Http, guestbook: Owned) -> None:
    hello = 'export default () => new Response("hello", { headers: { "cache-control": "max-age=5" } });'
    fallen = 'export default () => { throw new Error("secret reason"); };'
    deploy(
        guestbook,
        {"hello": hello, "fallen": fallen},
        route("/index.html", "hello", "POST"),
        route("/only/*", "hello", "POST", "PUT"),
        route("/only/get", "hello", "GET"),
        route("/fallen", "fallen"),
    )
    assert http.get(http.app("fun", "/index.html")).content == INDEX["index.html"]
    assert http.post(http.app("fun", "/index.html")).text == "hello"
    missed = http.delete(http.app("fun", "/only/x"))
    assert (missed.status_code, missed.headers["allow"]) == (405, "POST, PUT")
    assert missed.json()["code"] == "ROUTE_METHOD_NOT_ALLOWED"
    assert http.get(http.app("fun", "/only/x")).status_code == 405
    assert http.post(http.app("fun", "/only")).status_code == 405
    got = http.get(http.app("fun", "/only/get/"))
    assert (got.text, got.headers["cache-control"]) == ("hello", "max-age=5")
    assert http.head(http.app("fun", "/only/get")).content == b""
    failed = http.get(http.app("fun", "/fallen"))
    assert (failed.status_code, failed.json()["code"]) == (500, "FUNCTION_FAILED")
    assert "secret reason" not in failed.text


@needs.node
def test_what_a_function_writes_is_in_its_log(guestbook: Owned) -> None:
    code = 'export default (req) => { console.log("one"); console.error("two"); throw new Error("three"); };'
    deploy(guestbook, {"noisy": code})
    first, second = invoke(guestbook, "noisy"), invoke(guestbook, "noisy")
    assert (first.status_code, first.json()["request_id"]) == (500, first.headers["x-run402-request-id"])
    path = f"/projects/v1/admin/{guestbook.id}/functions/noisy/logs"
    wanted = second.headers["x-run402-request-id"]
    lines = guestbook.serviced("GET", f"{path}?request_id={wanted}").json()["logs"]
    assert [line["message"] for line in lines[:2]] == ["one", "two"]
    assert {line["request_id"] for line in lines} == {wanted}
    assert "three" in "".join(line["message"] for line in lines)
    assert len(guestbook.serviced("GET", f"{path}?tail=3").json()["logs"]) == 3
    assert guestbook.serviced("GET", f"{path}?since=99999999999999").json() == {"logs": []}


@needs.node
@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("export default () => new Promise(() => setInterval(() => {}, 1000));", 504, "FUNCTION_TIMEOUT"),
        ("export default () => { for (;;); };", 504, "FUNCTION_TIMEOUT"),
        ("export default () => process.exit(3);", 500, "FUNCTION_CRASHED"),
        ("export default () => 5;", 500, "FUNCTION_FAILED"),
        ("export const handler = 5;", 500, "FUNCTION_FAILED"),
        ("this is no code", 500, "FUNCTION_FAILED"),
        ("import { db } from '@nobody/has-this'; export default () => db;", 501, "NOT_IMPLEMENTED"),
    ],
)
def test_failing_function_is_a_canonical_error(guestbook: Owned, code: str, status: int, error: str) -> None:
    deploy(guestbook, {"bad": code}, bad={"config": {"timeout_seconds": 1}})
    response = invoke(guestbook, "bad")
    assert (response.status_code, response.json()["code"]) == (status, error)


@needs.node
def test_memory_limit_stops_a_function(guestbook: Owned) -> None:
    code = "export default () => { const kept = []; for (;;) kept.push(new Array(1e5).fill({})); };"
    deploy(guestbook, {"fat": code}, fat={"config": {"memory_mb": 32}})
    assert invoke(guestbook, "fat").json()["code"] == "FUNCTION_CRASHED"


@needs.node_with_types
def test_single_source_and_files_may_be_typescript(guestbook: Owned) -> None:
    code = (
        "export default async (req: Request): Promise<Response> => new Response(await req.text() as string);"
    )
    deploy(guestbook, {"typed": code})
    assert invoke(guestbook, "typed", content=b"typed").text == "typed"
    files = {
        "main.ts": b"import { a } from './lib/a.ts'; export default () => Response.json(a satisfies number);",
        "lib/a.ts": b"export const a: number = 5;",
    }
    guestbook.upload(files)
    refs = {path: {"sha256": sha256(data), "size": len(data)} for path, data in files.items()}
    entry = {"files": refs, "entrypoint": "main.ts"}
    guestbook.deploy(INDEX, functions={"patch": {"set": {"many": entry}}})
    assert invoke(guestbook, "many").json() == 5


@needs.node
def test_old_node_says_that_typescript_needs_a_newer_one(
    guestbook: Owned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_NODE", str(old_node(tmp_path)))
    deploy(guestbook, {"typed": "export default (req: Request) => new Response('x');"})
    assert invoke(guestbook, "typed").json()["code"] == "FUNCTION_FAILED"
    path = f"/projects/v1/admin/{guestbook.id}/functions/typed/logs"
    assert "needs Node 22.18 or newer" in guestbook.serviced("GET", path).text


def test_without_node_functions_deploy_and_cannot_be_called(
    guestbook: Owned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_NODE", "/nowhere/node")
    deploy(guestbook, {"echo": ECHO})
    response = invoke(guestbook, "echo")
    assert (response.status_code, response.json()["code"]) == (501, "NOT_IMPLEMENTED")


def test_call_needs_a_key_and_a_function(guestbook: Owned) -> None:
    assert guestbook.player.http.post("/functions/v1/echo").status_code == 401
    assert invoke(guestbook, "echo").json()["code"] == "FUNCTION_NOT_FOUND"
    assert invoke(guestbook, "echo", content=b"x" * (6 * 1024 * 1024 + 1)).status_code == 413


@needs.node
def test_answer_above_the_limit_is_refused(guestbook: Owned) -> None:
    deploy(guestbook, {"big": "export default () => new Response('x'.repeat(6 * 1024 * 1024 + 1));"})
    response = invoke(guestbook, "big")
    assert (response.status_code, response.json()["code"]) == (502, "ROUTED_RESPONSE_TOO_LARGE")


@needs.node
def test_gate_asks_for_a_user_and_for_a_role(http: Http, guestbook: Owned) -> None:
    sql = "CREATE TABLE members (user_id text, role text)"
    admin = f"/projects/v1/admin/{guestbook.id}/sql"
    assert guestbook.serviced("POST", admin, content=sql).is_success
    role = {"table": "members", "idColumn": "user_id", "roleColumn": "role", "allowed": ["boss"]}
    echo = {"requireAuth": True}
    deploy(guestbook, {"me": ECHO, "boss": ECHO + "//"}, me=echo, boss={"requireRole": role})
    assert invoke(guestbook, "me").json()["code"] == "AUTHENTICATION_REQUIRED"
    account = {"email": "bob@example.com", "password": "correct horse battery"}
    guestbook.post("/auth/v1/signup", account)
    session = guestbook.post("/auth/v1/token?grant_type=password", account).json()
    bearer = {"Authorization": f"Bearer {session['access_token']}"}
    seen = invoke(guestbook, "me", headers=bearer).json()["seen"]
    user_id = seen["x-run402-user-id"]
    assert seen["x-run402-user-role"] == "authenticated"
    refused = invoke(guestbook, "boss", headers=bearer)
    assert (refused.status_code, refused.json()["code"]) == (403, "ROLE_FORBIDDEN")
    guestbook.serviced("POST", admin, content=f"INSERT INTO members VALUES ('{user_id}', 'boss')")
    assert invoke(guestbook, "boss", headers=bearer).json()["seen"]["x-run402-user-role"] == "boss"


@needs.node
def test_routed_function_learns_the_language(http: Http, guestbook: Owned) -> None:
    deploy(guestbook, {"echo": ECHO}, route("/api", "echo"))
    i18n = {"default_locale": "en", "locales": ["en", "de"], "detect": ["cookie:lang", "accept-language"]}
    guestbook.deploy(INDEX, i18n=i18n)

    def chosen(**headers: str) -> tuple[str, str]:
        seen = json.loads(http.get(http.app("fun", "/api"), headers=headers).text)["seen"]
        return seen["x-run402-locale"], seen["x-run402-default-locale"]

    assert chosen() == ("en", "en")
    assert chosen(**{"accept-language": "fr;q=1, de-AT;q=0.5, en;q=0.1"}) == ("de", "en")
    assert chosen(cookie="lang=de", **{"accept-language": "en"}) == ("de", "en")


@needs.node
def test_packages_beside_the_sandbox_can_be_imported(
    guestbook: Owned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "node_modules" / "@run402" / "functions"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name":"@run402/functions","type":"module","exports":"./i.js"}')
    (package / "i.js").write_text("export const db = () => process.env.RUN402_PROJECT_ID;")
    code = "import { db } from '@run402/functions'; export default () => new Response(db());"
    deploy(guestbook, {"typed": code})
    monkeypatch.setenv("SANDBOX_NODE_MODULES", str(tmp_path / "nothing"))
    refused = invoke(guestbook, "typed")
    assert (refused.status_code, refused.json()["details"]) == (501, {"package": "@run402/functions"})
    monkeypatch.setenv("SANDBOX_NODE_MODULES", str(package.parents[1]))
    assert invoke(guestbook, "typed").text == guestbook.id


@needs.node
@needs.functions_package
def test_official_package_reaches_the_database(guestbook: Owned) -> None:
    admin = f"/projects/v1/admin/{guestbook.id}/sql"
    sql = "CREATE TABLE notes (id int, body text); INSERT INTO notes VALUES (1, 'hello')"
    assert guestbook.serviced("POST", admin, content=sql).is_success
    code = (
        "import { adminDb } from '@run402/functions';"
        "export default async () => Response.json(await adminDb().from('notes').select('body').eq('id', 1));"
    )
    deploy(guestbook, {"read": code})
    assert invoke(guestbook, "read").json() == [{"body": "hello"}]


@needs.node
def test_no_function_outlives_the_sandbox(tmp_path: Path) -> None:
    mark = tmp_path / "beats"
    code = (
        "import { appendFileSync } from 'node:fs';"
        f"export default () => new Promise(() => setInterval(() => appendFileSync({str(mark)!r}, '.'), 5));"
    )
    with sandbox_over(tmp_path / "data") as http:
        alice = Player(http)
        alice.settle_in()
        owned = alice.project()
        deploy(owned, {"beat": code})
        with pytest.raises(httpx.TransportError):
            invoke(owned, "beat", timeout=httpx.Timeout(10, read=5))
        assert mark.exists()
    beats = mark.stat().st_size
    time.sleep(0.2)
    assert mark.stat().st_size == beats
