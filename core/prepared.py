"""Statements that are run for every operation, built once instead of each time.

Django builds a query's SQL anew whenever it is run, which takes ten times as long as the database then does. So the few
statements of the engine's hot path are written with the query builder as ever, `Param` standing for what differs:

    by_key = Prepared(lambda: Chain.objects.filter(key=Param("key")))
    by_key.first(key="…")

A query must be of the same shape whatever the values are: a value of None finds nothing, as in SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from django.db import connections, models
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.query import ModelIterable, get_related_populators
from django.db.models.sql import UpdateQuery

M = TypeVar("M", bound=Model)
Values = Sequence[Any]


class Param(Expression):
    """A value of a prepared statement, by its name; `field` says how the database wants it."""

    def __init__(self, name: str, field: Field[Any, Any] | None = None) -> None:
        super().__init__(output_field=field or models.TextField())
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return a place for the value."""
        return "%s", [_Place(self.name, self.output_field)]


class _Place:
    """Where a value goes among the parameters of a statement."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        self.name, self.field = name, field

    def value(self, values: dict[str, Any], connection: Any) -> Any:
        return self.field.get_db_prep_save(values[self.name], connection)


class _Statement:
    """SQL with places for values, and what makes Python's values of the columns that come back."""

    def __init__(self, sql: str, params: Sequence[Any], columns: Sequence[Any], connection: Any) -> None:
        self.sql, self.params = sql, params
        self.converters = [
            (position, found, column)
            for position, column in enumerate(columns)
            if (found := connection.ops.get_db_converters(column) + column.get_db_converters(connection))
        ]

    def run(self, connection: Any, values: dict[str, Any]) -> tuple[int, list[list[Any]]]:
        """Run it; return how many rows it touched, and the rows that it returns."""
        params = [
            each.value(values, connection) if isinstance(each, _Place) else each for each in self.params
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            rows = [list(row) for row in cursor.fetchall()] if cursor.description else []
            count = cursor.rowcount
        for row in rows:
            for position, converters, column in self.converters:
                for convert in converters:
                    row[position] = convert(row[position], column, connection)
        return count, rows


class Prepared(Generic[M]):
    """A query that is built once: of models, with what they select along, or of `values_list`."""

    def __init__(self, build: Callable[[], QuerySet[M, Any]]) -> None:
        self._build = build
        self._read: tuple[_Statement, Callable[[list[Any]], Any]] | None = None
        self._updates: dict[tuple[tuple[str, ...], tuple[str, ...]], _Statement] = {}

    def all(self, **values: Any) -> list[Any]:
        """Return what the query finds."""
        if self._read is None:
            self._read = _read(self._build())
        statement, made = self._read
        return [made(row) for row in statement.run(_connection(), values)[1]]

    def first(self, **values: Any) -> Any:
        """Return the first that the query finds, or None."""
        return next(iter(self.all(**values)), None)

    def update(self, fields: dict[str, Any], returning: Sequence[str] = (), **values: Any) -> tuple[int, Any]:
        """Set the fields; return how many rows were, and the `returning` fields of the first, by name.

        A field may be set to an expression only if that is the same one each time.
        """
        key = tuple(fields), tuple(returning)
        if key not in self._updates:
            self._updates[key] = _update(self._build(), fields, returning)
        count, rows = self._updates[key].run(_connection(), {**values, **_named(fields)})
        return (
            (len(rows), dict(zip(returning, rows[0], strict=True)) if rows else None)
            if returning
            else (count, None)
        )


class Insert(Generic[M]):
    """An INSERT of one row that is built once. Signals and `save` are not called."""

    def __init__(self, model: type[M]) -> None:
        self._model = model
        self._statement: _Statement | None = None

    def __call__(self, row: M) -> M:
        """Insert the row, as it is."""
        fields = self._fields()
        if self._statement is None:
            self._statement = self._built(fields)
        connection = _connection()
        values = {field.attname: field.pre_save(row, add=True) for field in fields}
        rows = self._statement.run(connection, values)[1]
        row.pk = rows[0][0]
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - as a row of Django is then
        return row

    def _fields(self) -> list[Any]:
        return [
            field for field in self._model._meta.concrete_fields if not isinstance(field, models.AutoField)
        ]

    def _built(self, fields: Sequence[Any]) -> _Statement:
        quote, meta = _connection().ops.quote_name, self._model._meta
        columns = ", ".join(quote(field.column) for field in fields)
        places = ", ".join(["%s"] * len(fields))
        sql = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES ({places}) RETURNING {quote(meta.pk.column)}"  # noqa: S608 - names of columns
        return _Statement(
            sql, [_Place(field.attname, field) for field in fields], [_col(meta.pk)], _connection()
        )


def _connection() -> Any:
    return connections["default"]


def _read(rows: QuerySet[Any, Any]) -> tuple[_Statement, Callable[[list[Any]], Any]]:
    connection = _connection()
    compiler = rows.query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    statement = _Statement(sql, params, [column for column, *_ in compiler.select], connection)
    if issubclass(rows._iterable_class, ModelIterable):  # noqa: SLF001 - what a query is of, nothing else tells
        return statement, _of_model(compiler, connection.alias)
    return statement, tuple


def _of_model(compiler: Any, alias: str) -> Callable[[list[Any]], Any]:
    """Return what makes a model of a row, as ModelIterable does."""
    found = compiler.klass_info
    start, end = found["select_fields"][0], found["select_fields"][-1] + 1
    names = [column.target.attname for column, *_ in compiler.select[start:end]]
    related = get_related_populators(found, compiler.select, alias)  # type: ignore[call-arg]  # of a later Django

    def made(row: list[Any]) -> Any:
        model = found["model"].from_db(alias, names, row[start:end])
        for each in related:
            each.populate(row, model)
        return model

    return made


def _update(rows: QuerySet[Any, Any], fields: dict[str, Any], returning: Sequence[str]) -> _Statement:
    connection, meta = _connection(), rows.model._meta
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(
        {
            name: value if _is_expression(value) else Param(f"set_{name}", meta.get_field(name))
            for name, value in fields.items()
        }
    )
    sql, params = query.get_compiler(connection=connection).as_sql()
    columns = [meta.get_field(name) for name in returning]
    if columns:
        sql += " RETURNING " + ", ".join(connection.ops.quote_name(column.column) for column in columns)
    return _Statement(sql, params, [_col(column) for column in columns], connection)


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    return {f"set_{name}": value for name, value in fields.items() if not _is_expression(value)}


def _is_expression(value: object) -> bool:
    return hasattr(value, "resolve_expression")


def _col(field: Any) -> Any:
    return field.get_col(field.model._meta.db_table)
