"""Read CREATE TABLE's columns and constraints into the catalog's terms."""

from __future__ import annotations

from sqlglot import exp

from sandbox.data.catalog import PRIMARY, Catalog, Column, Constraint, Table, listing, quote
from sandbox.data.dialect import Node, name_of, original, read_type, render, table_name
from sandbox.data.errors import SqlError, Unsupported, no_relation
from sandbox.data.statements import known_columns
from sandbox.data.translator import Translator

_SERIAL = {"SERIAL": "integer", "BIGSERIAL": "bigint", "SMALLSERIAL": "smallint"}
_ACTIONS = {"CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"}
FOREIGN = "FOREIGN KEY"


def read_table(name: str, parts: list[Node], catalog: Catalog) -> Table:
    """The table that CREATE TABLE describes. Raises SqlError or Unsupported."""
    columns: list[Column] = []
    waiting: list[tuple[Node, str | None]] = []
    for part in parts:
        if isinstance(part, exp.ColumnDef):
            column, constraints = read_column(name, part, catalog)
            if any(column.name == other.name for other in columns):
                raise SqlError("42701", f'column "{column.name}" specified more than once')
            columns.append(column)
            waiting += [(constraint, column.name) for constraint in constraints]
        else:
            waiting.append((part, None))
    table = Table(name, tuple(columns))
    for node, column_name in waiting:
        table = Table(
            name, table.columns, (*table.constraints, read_constraint(table, node, catalog, column_name))
        )
    return with_keys(table)


def with_keys(table: Table) -> Table:
    """Keys are never null; a counting column has to be the whole key, which is what SQLite can count."""
    key = table.primary_key
    if sum(constraint.kind == PRIMARY for constraint in table.constraints) > 1:
        raise SqlError("42P16", f'multiple primary keys for table "{table.name}" are not allowed')
    for column in table.columns:
        if column.identity and key != (column.name,):
            raise Unsupported(f"the serial column {column.name} that is not the primary key")
    columns = tuple(_not_null(column) if column.name in key else column for column in table.columns)
    return Table(table.name, columns, table.constraints)


def _not_null(column: Column) -> Column:
    return Column(column.name, column.type_text, False, column.default, column.default_sql, column.identity)


def read_column(table: str, node: exp.ColumnDef, catalog: Catalog) -> tuple[Column, list[Node]]:
    """A column, and the constraints that were written beside it."""
    name, kind = name_of(node.this), node.kind
    if kind is None:
        raise SqlError("42601", f'column "{name}" needs a type')
    serial = _SERIAL.get(str(getattr(kind.this, "value", kind.this)).upper())
    fields: dict[str, object] = {"nullable": not serial, "identity": "default" if serial else ""}
    if serial:
        fields["default"] = f"nextval('{table}_{name}_seq'::regclass)"
    type_text = serial or str(read_type(kind))
    constraints = [part for part in node.args.get("constraints") or [] if not _take(part, type_text, fields)]
    column = Column(
        name=name,
        type_text=type_text,
        nullable=bool(fields["nullable"]),
        default=_text_or_none(fields.get("default")),
        default_sql=_text_or_none(fields.get("default_sql")),
        identity=str(fields["identity"]),
    )
    return column, constraints


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def _take(part: Node, type_text: str, fields: dict[str, object]) -> bool:
    """Note what belongs to the column itself; False for constraints of the table."""
    kind = part.args.get("kind")
    if isinstance(kind, exp.NotNullColumnConstraint):
        fields["nullable"] = bool(kind.args.get("allow_null"))
    elif isinstance(kind, exp.DefaultColumnConstraint):
        fields["default"] = original(kind.this)
        fields["default_sql"] = f"pg_cast('{type_text}', {render(Translator({}).expression(kind.this))})"
    elif isinstance(kind, exp.GeneratedAsIdentityColumnConstraint):
        fields.update(identity="always" if kind.this else "default", nullable=False)
    elif isinstance(kind, (exp.ComputedColumnConstraint, exp.CollateColumnConstraint)):
        raise Unsupported("generated or collated columns")
    else:
        return False
    return True


def read_constraint(table: Table, node: Node, catalog: Catalog, column: str | None = None) -> Constraint:
    """A constraint, written beside `column` or in a line of its own. Raises SqlError or Unsupported."""
    name = name_of(node.this) if isinstance(node.args.get("this"), exp.Identifier) else None
    inner = node.args.get("kind") or node
    if isinstance(node, exp.Constraint):
        name, inner = name_of(node.this), node.expressions[0]
    found = _constraint(table, inner, catalog, column)
    return found if name is None else Constraint(name, found.kind, found.columns, found.definition, found.sql)


def _constraint(table: Table, node: Node, catalog: Catalog, column: str | None) -> Constraint:
    if isinstance(node, (exp.PrimaryKeyColumnConstraint, exp.PrimaryKey)):
        return _key(table, PRIMARY, "pkey", _columns(table, node.expressions, column))
    if isinstance(node, exp.UniqueColumnConstraint):
        listed = node.this.expressions if isinstance(node.this, exp.Schema) else []
        return _key(table, "UNIQUE", "key", _columns(table, listed, column))
    if isinstance(node, exp.CheckColumnConstraint):
        return _check(table, node, column)
    if isinstance(node, exp.ForeignKey):
        return _foreign(table, node.args["reference"], catalog, _columns(table, node.expressions, None))
    if isinstance(node, exp.Reference):
        return _foreign(table, node, catalog, _columns(table, [], column))
    raise Unsupported(f"the constraint {node.sql(dialect='postgres')}")


def _columns(table: Table, nodes: list[Node], column: str | None) -> tuple[str, ...]:
    names = tuple(name_of(node) for node in nodes) or ((column,) if column else ())
    for name in names:
        table.column(name)
    return names


def _key(table: Table, kind: str, suffix: str, columns: tuple[str, ...]) -> Constraint:
    middle = [] if kind == PRIMARY else list(columns)
    return Constraint(
        name="_".join([table.name, *middle, suffix]),
        kind=kind,
        columns=columns,
        definition=f"{kind} ({', '.join(columns)})",
        sql=f"{kind} ({listing(columns)})",
    )


def _check(table: Table, node: Node, column: str | None) -> Constraint:
    used = tuple(dict.fromkeys(name_of(each) for each in node.this.find_all(exp.Column)))
    for name in used:
        table.column(name)
    named = column or (used[0] if len(used) == 1 else None)
    base = f"{table.name}_{named}_check" if named else f"{table.name}_check"
    taken = {constraint.name for constraint in table.constraints}
    name = base
    number = 0
    while name in taken:
        number += 1
        name = f"{base}{number}"
    condition = render(Translator(known_columns([table])).expression(node.this))
    return Constraint(name, "CHECK", used, f"CHECK (({original(node.this)}))", f"CHECK {condition}")


def _foreign(table: Table, reference: Node, catalog: Catalog, columns: tuple[str, ...]) -> Constraint:
    target = table_name(reference.this)
    other = table if target == table.name else catalog.find(target)
    if other is None:
        raise no_relation(target)
    listed = reference.this.expressions if isinstance(reference.this, exp.Schema) else []
    keys = tuple(name_of(node) for node in listed) or other.primary_key
    if len(keys) != len(columns):
        raise SqlError("42830", "number of referencing and referenced columns for foreign key disagree")
    for key in keys:
        other.column(key)
    unique = [c.columns for c in other.constraints if c.kind in (PRIMARY, "UNIQUE")]
    if keys not in unique:
        raise SqlError(
            "42830", f'there is no unique constraint matching given keys for referenced table "{target}"'
        )
    actions = _actions(reference.args.get("options") or [])
    return Constraint(
        name=f"{table.name}_{'_'.join(columns)}_fkey",
        kind=FOREIGN,
        columns=columns,
        definition=f"FOREIGN KEY ({', '.join(columns)}) REFERENCES {target}({', '.join(keys)}){actions}",
        sql=f"FOREIGN KEY ({listing(columns)}) REFERENCES {quote(target)} ({listing(keys)}){actions}",
    )


def _actions(options: list[str]) -> str:
    words = []
    for option in options:
        text = str(option).upper()
        event, _, action = text.removeprefix("ON ").partition(" ")
        if not text.startswith("ON ") or event not in ("DELETE", "UPDATE") or action not in _ACTIONS:
            raise Unsupported(f"{text} in a foreign key")
        words.append(f" ON {event} {action}")
    return "".join(words)
