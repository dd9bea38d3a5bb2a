"""The words of PostgreSQL that the sandbox knows, by sqlglot's names for them, and those that nobody may use."""

from __future__ import annotations

from sandbox.data.kinds import BOOLEAN

BLOCKED = (
    "GRANT", "REVOKE", "CREATE ROLE", "CREATE USER", "ALTER ROLE", "DROP ROLE", "ALTER SYSTEM", "SET ROLE", "RESET",
    "CREATE EXTENSION", "DROP EXTENSION", "CREATE SCHEMA", "DROP SCHEMA", "ALTER SCHEMA", "CREATE DATABASE",
    "DROP DATABASE", "COPY", "LISTEN", "NOTIFY", "SET SESSION AUTHORIZATION",
)  # fmt: skip
SAME = {
    "count", "sum", "avg", "min", "max", "coalesce", "nullif", "abs", "round", "length", "lower", "upper", "trim",
    "substring", "replace", "rownumber", "rank", "denserank", "percentrank", "ntile", "lag", "lead", "firstvalue",
    "lastvalue", "case", "if", "exists", "and", "or", "sqrt", "pow", "sign", "mod", "jsonextract", "jsonextractscalar",
}  # fmt: skip
RENAMED = {
    "uuid": "pg_uuid", "initcap": "pg_initcap", "splitpart": "pg_split_part", "left": "pg_left", "right": "pg_right",
    "concat": "pg_concat", "concatws": "pg_concat_ws", "greatest": "pg_greatest", "least": "pg_least",
    "floor": "pg_floor", "ceil": "pg_ceil", "md5": "pg_md5", "reverse": "pg_reverse", "strposition": "pg_strpos",
    "currenttimestamp": "pg_now",
    "uuid_generate_v4": "pg_uuid", "clock_timestamp": "pg_now", "transaction_timestamp": "pg_now",
    "statement_timestamp": "pg_now", "json_array_length": "pg_json_array_length",
    "jsonb_array_length": "pg_json_array_length",
}  # fmt: skip
TRUTHS = {"logicalor": "max", "logicaland": "min", "every": "min"}
JSON_MAKERS = {
    "json_build_object": "json_object", "jsonb_build_object": "json_object", "json_build_array": "json_array",
    "jsonb_build_array": "json_array", "jsonb_agg": "json_group_array",
    "jsonarrayagg": "json_group_array", "jsonobjectagg": "json_group_object", "jsonbobjectagg": "json_group_object",
}  # fmt: skip
TYPES = {
    "INT": "integer", "SMALLINT": "smallint", "BIGINT": "bigint", "TEXT": "text", "VARCHAR": "character varying",
    "CHAR": "character", "BPCHAR": "character", "BOOLEAN": BOOLEAN, "UUID": "uuid", "JSON": "json", "JSONB": "jsonb",
    "TIMESTAMPTZ": "timestamp with time zone", "TIMESTAMP": "timestamp without time zone",
    "DATE": "date", "TIME": "time without time zone", "DECIMAL": "numeric", "FLOAT": "real",
    "DOUBLE": "double precision",
}  # fmt: skip
