"""An app with everything: secrets, a table, a policy, a function, routes, assets; SQL and REST on it."""

from __future__ import annotations

from tests.conformance.matching import anything, some, text
from tests.conformance.specs import DATABASE, GREETING, LOGO, PAGE_2, WHOLE
from tests.conformance.step import RELEASED, Step, applying

SECRET = {"key": "GREETING", "value": "Hello"}
SECRETS = [
    Step(
        "set a secret",
        "sets a secret",
        "secret_set",
        lambda memory: SECRET,
        expect=anything,
        stand_in=lambda memory: {
            "method": "POST",
            "url": f"/projects/v1/admin/{memory['project']}/secrets",
            "json": SECRET,
            "headers": {"Authorization": f"Bearer {memory['service']}"},
        },
    ),
    Step(
        "secrets",
        "lists the names of secrets, not their values",
        "secrets",
        expect={"secrets": [{"key": "GREETING"}]},
    ),
]
DATABASE_STEPS = [
    Step("database", "applies a migration and a policy", "apply", applying(DATABASE), expect=RELEASED),
    Step(
        "same database",
        "applies them again: the migration is not run twice",
        "apply",
        applying(DATABASE),
        expect=RELEASED,
    ),
    Step(
        "sql insert",
        "writes a row by SQL",
        "sql",
        lambda memory: {
            "sql": "INSERT INTO entries (name, message) VALUES ($1, $2)",
            "params": ["Ada", "First!"],
        },
        expect={"rows": [], "rowCount": 1},
    ),
    Step(
        "sql select",
        "reads it by SQL",
        "sql",
        lambda memory: {"sql": "SELECT name, message FROM entries ORDER BY id"},
        expect={"rows": [{"name": "Ada", "message": "First!"}], "rowCount": 1},
    ),
    Step(
        "sql refused",
        "is refused a GRANT",
        "sql",
        lambda memory: {"sql": "GRANT SELECT ON entries TO anon"},
        error={"status": 403},
    ),
    Step(
        "rest insert",
        "writes a row by REST with the anon key",
        "rest",
        lambda memory: {
            "table": "entries",
            "options": {"method": "POST", "body": {"name": "Bo", "message": "Hi"}},
        },
        expect={"status": 201, "body": [{"name": "Bo", "message": "Hi"}]},
    ),
    Step(
        "rest select",
        "reads both by REST",
        "rest",
        lambda memory: {"table": "entries", "options": "select=name&order=id.asc"},
        expect={"status": 200, "body": [{"name": "Ada"}, {"name": "Bo"}]},
    ),
    Step(
        "rest as service",
        "reads one by REST with the service key",
        "rest",
        lambda memory: {
            "table": "entries",
            "options": {"query": "select=message&name=eq.Bo", "keyType": "service"},
        },
        expect={"status": 200, "body": [{"message": "Hi"}]},
    ),
    Step("schema", "reads the schema", "schema", expect={"tables": some({"name": "entries"})}),
    Step(
        "expose",
        "reads what is exposed",
        "expose",
        expect={"manifest": {"tables": some({"name": "entries"})}},
    ),
]
WHOLE_APP = [
    Step(
        "whole apply",
        "applies a file, a migration, a policy, a function, routes and an asset at once",
        "apply",
        applying(WHOLE),
        expect=RELEASED,
        keep={"whole": "release_id"},
        serves={"/": PAGE_2, "/start": PAGE_2, "/api/hello": GREETING},
    ),
    Step("same whole apply", "applies them again", "apply", applying(WHOLE), expect=RELEASED),
    Step(
        "whole release",
        "finds all of them in the active release",
        "active",
        expect={
            "functions": [{"name": "hello", "runtime": "node22", "timeout_seconds": 5, "memory_mb": 128}],
            "routes": {"entries": some({"pattern": "/api/hello", "kind": "exact"})},
            "migrations_applied": [{"migration_id": "001_entries"}, {"migration_id": "002_moods"}],
            "secrets": {"keys": ["GREETING"]},
        },
    ),
    Step(
        "functions",
        "lists its functions",
        "functions",
        expect={"functions": [{"name": "hello", "runtime": "node22"}]},
    ),
    Step(
        "invoke",
        "calls the function",
        "invoke",
        lambda memory: {"name": "hello", "options": {"method": "POST", "body": {"a": 1}}},
        expect={"status": 200, "body": {"hello": "function", "method": "POST"}},
    ),
    Step(
        "logs",
        "reads what the function logged",
        "logs",
        lambda memory: {"name": "hello"},
        expect={"logs": some({"message": lambda seen: "greeting" in str(seen), "timestamp": text})},
    ),
    Step(
        "assets",
        "lists its assets",
        "assets",
        expect={"blobs": [{"key": "art/logo.svg", "content_type": "image/svg+xml"}]},
    ),
    Step(
        "asset", "reads the asset", "asset_get", lambda memory: {"key": "art/logo.svg"}, expect={"text": LOGO}
    ),
    Step(
        "delete the asset",
        "deletes the asset",
        "asset_delete",
        lambda memory: {"key": "art/logo.svg"},
        expect=anything,
    ),
    Step(
        "delete the function",
        "deletes the function",
        "function_delete",
        lambda memory: {"name": "hello"},
        expect={"name": "hello"},
    ),
    Step(
        "delete the secret",
        "deletes the secret",
        "secret_delete",
        lambda memory: {"key": "GREETING"},
        expect=anything,
    ),
]
END = [Step("delete", "deletes the project", "delete", expect=anything, serves={"/": None})]
