"""Names of types as people write them, for casts outside of SQL text."""

CASTS = {
    "text": "text",
    "varchar": "character varying",
    "int": "integer",
    "int4": "integer",
    "integer": "integer",
    "int8": "bigint",
    "bigint": "bigint",
    "smallint": "smallint",
    "numeric": "numeric",
    "real": "real",
    "float8": "double precision",
    "double precision": "double precision",
    "boolean": "boolean",
    "bool": "boolean",
    "uuid": "uuid",
    "json": "jsonb",
    "jsonb": "jsonb",
    "date": "date",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
}
