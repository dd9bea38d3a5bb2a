"""PostgreSQL's dialect on a project's file: what runs as there, and what is refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.data.engine import ProjectDatabase
from sandbox.data.errors import Blocked, SqlError, Unsupported
from sandbox.data.functions import Caller
from tests.sandbox.sandbox_player import Owned

ITEMS = """
CREATE TABLE items (
  id serial PRIMARY KEY,
  key uuid NOT NULL DEFAULT gen_random_uuid(),
  title varchar(20) NOT NULL UNIQUE,
  done boolean DEFAULT false,
  price numeric(10,2) CHECK (price > 0),
  tags jsonb DEFAULT '[]'::jsonb,
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO items (title, price) VALUES ('Milk', 1.005), ('Bread', 2);
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[ProjectDatabase]:
    database = ProjectDatabase(tmp_path / "project.sqlite3")
    database.execute(ITEMS)
    yield database
    database.close()


def rows(database: ProjectDatabase, sql: str, *params: Any) -> list[dict[str, Any]]:
    return database.execute(sql, params).rows


def code(database: ProjectDatabase, sql: str, *params: Any) -> str:
    with pytest.raises(SqlError) as caught:
        database.execute(sql, params)
    return caught.value.sqlstate


def test_types_come_back_as_postgresql_gives_them(database: ProjectDatabase) -> None:
    (row,) = rows(database, "SELECT * FROM items WHERE title = 'Milk'")
    assert (row["id"], row["done"], row["price"], row["tags"]) == (1, False, 1.01, [])
    assert len(row["key"]) == 36
    assert row["created_at"].endswith("+00:00")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(*) FROM items", {"count": 2}),
        ("SELECT count(*) FILTER (WHERE done) AS open FROM items", {"open": 0}),
        ("SELECT done = true AS x, NOT done AS y FROM items LIMIT 1", {"x": False, "y": True}),
        ("SELECT 'a' ILIKE 'A', 'a' LIKE 'A'", {"?column?": False}),
        ("SELECT 'a' ILIKE 'A' AS folded, 'a' LIKE 'A' AS plain", {"folded": True, "plain": False}),
        ("SELECT '7'::int + 1 AS n, 5 / 2 AS half", {"n": 8, "half": 2}),
        ("SELECT '{\"a\": {\"b\": 1}}'::jsonb -> 'a' AS a", {"a": {"b": 1}}),
        ("SELECT '{\"a\": {\"b\": 1}}'::jsonb -> 'a' ->> 'b' AS b", {"b": 1}),
        ("SELECT max(created_at) > now() - interval '1 day' AS young FROM items", {"young": True}),
        ("SELECT date '2026-01-31' + interval '1 month' AS at", {"at": "2026-02-28T00:00:00.000000+00:00"}),
        ("SELECT date_trunc('month', timestamptz '2026-03-15 10:00Z') AS m", {"m": "2026-03-01T00:00:00.000000+00:00"}),
        ("SELECT extract(year FROM timestamptz '2026-03-15 10:00Z') AS y", {"y": 2026}),
        ("SELECT string_agg(title, ', ') AS all FROM items WHERE id = 1", {"all": "Milk"}),
        ("SELECT coalesce(NULL, 'x') AS c, greatest(1, NULL, 3) AS g", {"c": "x", "g": 3}),
        ("SELECT concat('a', NULL, 1) AS t", {"t": "a1"}),
        ("SELECT json_agg(json_build_object('d', done)) AS j FROM items WHERE id = 1", {"j": [{"d": False}]}),
        ("SELECT title ~ '^M' AS m FROM items WHERE id = 1", {"m": True}),
        ("SELECT split_part('a,b', ',', 2) AS s, left('abc', 2) AS l", {"s": "b", "l": "ab"}),
        ("SELECT position('c' IN 'abc') AS p", {"p": 3}),
        ("WITH t AS (SELECT 1 AS n) SELECT n FROM t WHERE EXISTS (SELECT 1 FROM items)", {"n": 1}),
        ("SELECT row_number() OVER (ORDER BY id DESC) AS n FROM items WHERE id = 2", {"n": 1}),
        ("SELECT E'a\\n\\'b' AS e", {"e": "a\n'b"}),
        ("SELECT Title FROM public.ITEMS ORDER BY id LIMIT 1", {"title": "Milk"}),
    ],
)  # fmt: skip
def test_expressions_mean_what_they_mean_there(
    database: ProjectDatabase, sql: str, expected: dict[str, Any]
) -> None:
    assert rows(database, sql)[0] == expected


def test_nulls_sort_last_going_up_and_first_going_down(database: ProjectDatabase) -> None:
    database.execute("INSERT INTO items (title) VALUES ('Salt')")
    assert [row["title"] for row in rows(database, "SELECT title FROM items ORDER BY price")][-1] == "Salt"
    assert rows(database, "SELECT title FROM items ORDER BY price DESC")[0]["title"] == "Salt"


def test_parameters_become_the_columns_type(database: ProjectDatabase) -> None:
    sql = "UPDATE items SET done = $1, tags = $2 WHERE id = $3 RETURNING done, tags"
    assert rows(database, sql, True, ["a"], 1) == [{"done": True, "tags": ["a"]}]
    assert rows(
        database, "SELECT id FROM items WHERE done = $1 AND created_at > $2", "true", "2020-01-01"
    ) == [{"id": 1}]
    assert code(database, "SELECT $2") == "08P01"


def test_conflicts_are_merged(database: ProjectDatabase) -> None:
    sql = (
        "INSERT INTO items (title, price) VALUES ('Milk', 3)"
        " ON CONFLICT (title) DO UPDATE SET price = excluded.price + 1 RETURNING id, price"
    )
    assert rows(database, sql) == [{"id": 1, "price": 4}]


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("INSERT INTO items (title) VALUES ('Milk')", "23505"),
        ("INSERT INTO items (title) VALUES (NULL)", "23502"),
        ("INSERT INTO items (title, price) VALUES ('x', -1)", "23514"),
        ("INSERT INTO items (title) VALUES ('much longer than twenty')", "22001"),
        ("INSERT INTO items (title, key) VALUES ('x', 'no uuid')", "22P02"),
        ("INSERT INTO items (title, done) VALUES ('x', 'perhaps')", "22P02"),
        ("INSERT INTO items (title, price) VALUES ('x', 123456789)", "22003"),
        ("INSERT INTO items (nosuch) VALUES (1)", "42703"),
        ("SELECT nosuch FROM items", "42703"),
        ("SELECT * FROM nosuch", "42P01"),
        ("SELEC 1", "42601"),
        ("SELECT id FROM items WHERE id = 'one'", "22P02"),
        ('SELECT * FROM "Items"', "42P01"),
        ("CREATE TABLE items (id int)", "42P07"),
        ("SELECT * FROM run402_tables", "42501"),
        ("CREATE TABLE a (b int REFERENCES nosuch(id))", "42P01"),
        ("CREATE TABLE a (b numeric REFERENCES items(price))", "42830"),
    ],
)
def test_errors_carry_postgresqls_codes(database: ProjectDatabase, sql: str, sqlstate: str) -> None:
    assert code(database, sql) == sqlstate


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql", "CREATE FUNCTION"),
        ("CREATE TYPE mood AS ENUM ('good')", "CREATE TYPE"),
        ("ALTER TABLE items ENABLE ROW LEVEL SECURITY", "row level security in SQL (use database.expose)"),
        ("CREATE TABLE a (b int[])", "the type INT[]"),
        ("ALTER TABLE items ADD COLUMN b serial", "the serial column b that is not the primary key"),
        ("CREATE TABLE a (b serial)", "the serial column b that is not the primary key"),
        ("SELECT * FROM information_schema.tables", "the schema 'information_schema'"),
        ("SELECT DISTINCT ON (title) * FROM items", "DISTINCT ON"),
        ("SELECT 1 = ANY(ARRAY[1])", "ARRAY"),
        ("SELECT to_char(now(), 'YYYY')", "the function to_char"),
        ("SELECT generate_series(1, 3)", "the function generate_series"),
        ("DELETE FROM items USING items AS other", "DELETE ... USING"),
        ("SET search_path TO x", "SET"),
        ("SELECT now() - created_at FROM items", "arithmetic of moments without an interval"),
        ("SELECT tags || '[1]'::jsonb FROM items", "|| of JSON"),
        ("SELECT tags #>> '{a}' FROM items", "#>>"),
        ("INSERT INTO items (title) SELECT 'a' UNION SELECT 'b'", "INSERT from a set operation"),
        ("WITH x AS (DELETE FROM items RETURNING id) SELECT * FROM x", "WITH that changes rows"),
    ],
)
def test_what_the_sandbox_does_not_do_is_named(database: ProjectDatabase, sql: str, what: str) -> None:
    with pytest.raises(Unsupported) as caught:
        database.execute(sql)
    assert str(caught.value) == what


@pytest.mark.parametrize(
    "sql", ["GRANT SELECT ON items TO anon", "CREATE EXTENSION pgcrypto", "CREATE ROLE bob"]
)
def test_rights_and_roles_are_blocked(database: ProjectDatabase, sql: str) -> None:
    with pytest.raises(Blocked):
        database.execute(sql)


def test_a_text_of_several_statements_is_all_or_nothing(database: ProjectDatabase) -> None:
    assert code(database, "INSERT INTO items (title) VALUES ('Salt'); SELECT * FROM nosuch") == "42P01"
    assert rows(database, "SELECT count(*) FROM items") == [{"count": 2}]


def test_begin_and_commit_around_a_text_change_nothing(database: ProjectDatabase) -> None:
    database.execute("BEGIN; INSERT INTO items (title) VALUES ('Salt'); COMMIT;")
    assert rows(database, "SELECT count(*) FROM items") == [{"count": 3}]


def test_an_endless_statement_is_stopped(database: ProjectDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.data.engine.MOST_SECONDS", 0.05)
    endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"
    assert code(database, endless) == "57014"


def test_foreign_keys_cascade_and_are_enforced(database: ProjectDatabase) -> None:
    database.execute(
        "CREATE TABLE orders (id bigserial PRIMARY KEY, item int REFERENCES items ON DELETE CASCADE)"
    )
    assert code(database, "INSERT INTO orders (item) VALUES (99)") == "23503"
    database.execute("INSERT INTO orders (item) VALUES (1), (2); DELETE FROM items WHERE id = 1")
    assert rows(database, "SELECT item FROM orders") == [{"item": 2}]
    assert code(database, "DROP TABLE items") == "2BP01"
    database.execute("DROP TABLE items CASCADE; INSERT INTO orders (item) VALUES (99)")


def test_tables_grow_and_shrink_and_keep_their_rows(database: ProjectDatabase) -> None:
    database.execute(
        "CREATE INDEX ON items (lower(title));"
        "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item int REFERENCES items(id));"
        "INSERT INTO orders (item) VALUES (1);"
        "ALTER TABLE items ADD COLUMN IF NOT EXISTS note text NOT NULL DEFAULT 'none', DROP COLUMN tags;"
        "ALTER TABLE items ALTER COLUMN price TYPE integer USING price::integer;"
        "ALTER TABLE items ALTER COLUMN done SET NOT NULL;"
        "ALTER TABLE items ADD CONSTRAINT short CHECK (length(title) < 10);"
        "ALTER TABLE items RENAME COLUMN done TO finished;"
        "ALTER TABLE items RENAME TO goods"
    )
    assert rows(database, "SELECT title, finished, price, note FROM goods ORDER BY id") == [
        {"title": "Milk", "finished": False, "price": 1, "note": "none"},
        {"title": "Bread", "finished": False, "price": 2, "note": "none"},
    ]
    assert code(database, "INSERT INTO goods (title) VALUES ('longer than ten')") == "23514"
    assert code(database, "DELETE FROM goods WHERE id = 1") == "23503"
    database.execute(
        "ALTER TABLE goods DROP CONSTRAINT short; INSERT INTO goods (title) VALUES ('longer than ten')"
    )


def test_quoted_names_keep_their_letters(database: ProjectDatabase) -> None:
    database.execute('CREATE TABLE "Mixed" (id serial PRIMARY KEY, "camelCase" text, "order" int)')
    database.execute('INSERT INTO "Mixed" ("camelCase", "order") VALUES (\'x\', 1)')
    assert rows(
        database, 'UPDATE "Mixed" AS m SET "order" = 2 WHERE m.id = 1 RETURNING m."order", "camelCase"'
    ) == [{"order": 2, "camelCase": "x"}]


def test_unique_indexes_and_views_count(database: ProjectDatabase) -> None:
    database.execute(
        "CREATE UNIQUE INDEX folded ON items (lower(title)); CREATE VIEW names AS SELECT title FROM items"
    )
    assert code(database, "INSERT INTO items (title) VALUES ('MILK')") == "23505"
    assert rows(database, "SELECT * FROM names ORDER BY title LIMIT 1") == [{"title": "Bread"}]


def test_a_key_can_come_later(database: ProjectDatabase) -> None:
    database.execute("CREATE TABLE plain (a text); INSERT INTO plain VALUES ('x')")
    database.execute("ALTER TABLE plain ADD COLUMN id serial PRIMARY KEY")
    assert rows(database, "INSERT INTO plain (a) VALUES ('y') RETURNING id") == [{"id": 2}]
    assert rows(database, "SELECT id FROM plain WHERE a = 'x'") == [{"id": 1}]


def test_truncate_starts_counting_anew(database: ProjectDatabase) -> None:
    database.execute("TRUNCATE items RESTART IDENTITY")
    assert rows(database, "INSERT INTO items (title) VALUES ('Salt') RETURNING id") == [{"id": 1}]


def test_ids_are_not_given_twice(database: ProjectDatabase) -> None:
    database.execute("DELETE FROM items; ALTER TABLE items ADD COLUMN note text")
    assert rows(database, "INSERT INTO items (title) VALUES ('Salt') RETURNING id") == [{"id": 3}]


def test_statements_know_their_caller(database: ProjectDatabase) -> None:
    found = database.execute(
        "SELECT auth.uid() AS me, auth.role() AS role", caller=Caller("authenticated", "u1")
    )
    assert found.rows == [{"me": "u1", "role": "authenticated"}]


def test_owner_runs_sql_and_reads_the_schema(guestbook: Owned) -> None:
    path = f"/projects/v1/admin/{guestbook.id}"
    made = guestbook.serviced("POST", f"{path}/sql", content=ITEMS).json()
    assert (made["status"], made["rows"], made["rowCount"]) == ("ok", [], 2)
    asked = {"sql": "SELECT title FROM items WHERE id = $1", "params": [2]}
    found = guestbook.serviced("POST", f"{path}/sql", json=asked).json()
    assert (found["rows"], found["rowCount"], found["schema"]) == ([{"title": "Bread"}], 1, "p0001")
    (table,) = guestbook.serviced("GET", f"{path}/schema").json()["tables"]
    assert table["columns"][:2] == [
        {
            "name": "id",
            "type": "integer",
            "nullable": False,
            "default_value": "nextval('items_id_seq'::regclass)",
        },
        {"name": "key", "type": "uuid", "nullable": False, "default_value": "gen_random_uuid()"},
    ]
    assert [(c["name"], c["definition"]) for c in table["constraints"]] == [
        ("items_pkey", "PRIMARY KEY (id)"),
        ("items_title_key", "UNIQUE (title)"),
        ("items_price_check", "CHECK ((price > 0))"),
    ]


def test_sql_that_is_refused_says_why(guestbook: Owned) -> None:
    path = f"/projects/v1/admin/{guestbook.id}/sql"

    def refusal(sql: str) -> tuple[int, str]:
        response = guestbook.serviced("POST", path, content=sql)
        return response.status_code, str(response.json()["code"])

    assert refusal("SELECT * FROM nosuch") == (400, "SQL_ERROR")
    assert refusal("GRANT ALL ON items TO anon") == (403, "SQL_BLOCKED")
    assert refusal("CREATE TYPE mood AS ENUM ('good')") == (501, "NOT_IMPLEMENTED")
    assert refusal(" ") == (400, "BAD_FIELD")


def test_sql_needs_the_service_key(guestbook: Owned) -> None:
    assert guestbook.post(f"/projects/v1/admin/{guestbook.id}/sql", {"sql": "SELECT 1"}).status_code == 403


def test_a_deleted_project_leaves_no_rows(guestbook: Owned, tmp_path: Path) -> None:
    guestbook.serviced("POST", f"/projects/v1/admin/{guestbook.id}/sql", content=ITEMS)
    folder = tmp_path / "data" / "databases"
    assert [path.name for path in folder.glob("*.sqlite3")] == [f"{guestbook.id}.sqlite3"]
    guestbook.serviced("DELETE", f"/projects/v1/{guestbook.id}")
    assert list(folder.iterdir()) == []
