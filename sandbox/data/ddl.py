"""Statements that change the schema. The catalog is the truth; a changed table is made anew and its rows copied."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from sqlglot import exp

from sandbox.data.catalog import Catalog, Constraint, Table, quote
from sandbox.data.dialect import Node, name_of, original, read_type, render, table_name
from sandbox.data.errors import SqlError, Unsupported, no_relation
from sandbox.data.rebuilding import rebuild
from sandbox.data.statements import known_columns, prepare
from sandbox.data.tables import read_column, read_constraint, read_table, with_keys
from sandbox.data.translator import Translator

SCHEMA = (exp.Create, exp.Alter, exp.Drop, exp.TruncateTable)
KINDS: dict[type[Node], tuple[str, ...]] = {
    exp.Create: ("TABLE", "INDEX", "VIEW"),
    exp.Drop: ("TABLE", "INDEX", "VIEW"),
    exp.Alter: ("TABLE",),
    exp.TruncateTable: ("TABLE",),
}


class Schema:
    """Runs DDL of these kinds on one connection, in the caller's transaction and without enforcing foreign keys."""

    def __init__(self, connection: sqlite3.Connection, catalog: Catalog) -> None:
        self._connection = connection
        self._catalog = catalog

    def run(self, tree: Node) -> None:
        """Raises SqlError or Unsupported."""
        if isinstance(tree, exp.Create):
            self._create(tree)
        elif isinstance(tree, exp.Alter):
            self._alter(tree)
        elif isinstance(tree, exp.Drop):
            self._drop(tree)
        else:
            self._truncate(tree)

    def _create(self, tree: exp.Create) -> None:
        kind = str(tree.kind).upper()
        if kind == "TABLE":
            self._create_table(tree)
        elif kind == "INDEX":
            self._create_index(tree)
        else:
            self._create_view(tree)

    def _create_table(self, tree: exp.Create) -> None:
        name = table_name(tree.this)
        if (
            tree.args.get("properties")
            or tree.args.get("expression")
            or not isinstance(tree.this, exp.Schema)
        ):
            raise Unsupported("CREATE TABLE with options or AS")
        if self._catalog.find(name):
            if tree.args.get("exists"):
                return
            raise SqlError("42P07", f'relation "{name}" already exists')
        table = read_table(name, tree.this.expressions, self._catalog)
        self._connection.execute(table.create_sql())
        self._catalog.save(table)

    def _create_index(self, tree: exp.Create) -> None:
        index, params = tree.this, tree.this.args.get("params")
        table = self._table(table_name(index.args.get("table")))
        method = params.args.get("using") if params else None
        if method and method.name.lower() not in ("btree", "hash"):
            raise Unsupported(f"indexes of the kind {method.name.lower()}")
        if params.args.get("include"):
            raise Unsupported("INCLUDE in an index")
        translator = Translator(known_columns([table]))
        columns = []
        for ordered in params.args.get("columns") or []:
            node = ordered.this if isinstance(ordered, exp.Ordered) else ordered
            columns.append(_bare(translator.expression(node)) + (" DESC" if ordered.args.get("desc") else ""))
        where = params.args.get("where")
        condition = f" WHERE {render(translator.expression(where.this))}" if where else ""
        names = "_".join(node.name.lower() or "expr" for node in params.args["columns"])
        name = name_of(index.this) if index.this else f"{table.name}_{names}_idx"
        kind = "UNIQUE INDEX" if tree.args.get("unique") else "INDEX"
        exists = "IF NOT EXISTS " if tree.args.get("exists") else ""
        head = f"CREATE {kind} {exists}{quote(name)} ON {quote(table.name)}"
        self._connection.execute(f"{head} ({', '.join(columns)}){condition}")

    def _create_view(self, tree: exp.Create) -> None:
        name, query = table_name(tree.this), tree.args.get("expression")
        if (
            isinstance(tree.this, exp.Schema)
            or not isinstance(query, exp.Select)
            or tree.args.get("properties")
        ):
            raise Unsupported("CREATE VIEW with options")
        if self._catalog.find(name):
            raise SqlError("42P07", f'relation "{name}" already exists')
        if tree.args.get("replace"):
            self._connection.execute(f"DROP VIEW IF EXISTS {quote(name)}")
        self._connection.execute(f"CREATE VIEW {quote(name)} AS {prepare(query, self._catalog).sql}")

    def _drop(self, tree: exp.Drop) -> None:
        kind = str(tree.args.get("kind")).upper()
        for node in tree.args.get("tables") or [tree.this]:
            self._drop_one(kind, table_name(node), tree)

    def _drop_one(self, kind: str, name: str, tree: exp.Drop) -> None:
        exists = "IF EXISTS " if tree.args.get("exists") else ""
        if kind == "TABLE":
            if self._catalog.find(name) is None:
                if exists:
                    return
                raise SqlError("42P01", f'table "{name}" does not exist')
            self._release_from_others(name, cascade=bool(tree.args.get("cascade")))
            self._catalog.forget(name)
        self._connection.execute(f"DROP {kind} {exists}{quote(name)}")

    def _release_from_others(self, name: str, *, cascade: bool) -> None:
        """Foreign keys of other tables at this one go with CASCADE, and forbid the drop without."""
        for table in list(self._catalog):
            kept = tuple(c for c in table.constraints if f"REFERENCES {quote(name)} " not in c.sql)
            if table.name == name or len(kept) == len(table.constraints):
                continue
            if not cascade:
                text = f"cannot drop table {name} because other objects depend on it"
                raise SqlError("2BP01", text, hint="Use DROP ... CASCADE to drop the dependent objects too.")
            self._rebuild(table, replace(table, constraints=kept))

    def _truncate(self, tree: Node) -> None:
        for node in tree.expressions:
            table = self._table(table_name(node))
            self._connection.execute(f"DELETE FROM {quote(table.name)}")  # noqa: S608 # nosec B608 - quoted name
            if tree.args.get("identity") == "RESTART" and any(column.identity for column in table.columns):
                self._connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))

    def _table(self, name: str) -> Table:
        table = self._catalog.find(name)
        if table is None:
            raise no_relation(name)
        return table

    def _alter(self, tree: exp.Alter) -> None:
        name = table_name(tree.this)
        if tree.args.get("exists") and self._catalog.find(name) is None:
            return
        for action in tree.args.get("actions") or []:
            table = self._table(name)
            if isinstance(action, exp.AlterRename):
                self._rename_table(table, table_name(action.this))
            elif isinstance(action, exp.RenameColumn):
                self._rename_column(table, name_of(action.this), name_of(action.args["to"]))
            else:
                self._change(table, action)

    def _change(self, table: Table, action: Node) -> None:
        if isinstance(action, exp.ColumnDef):
            self._add_column(table, action)
        elif isinstance(action, exp.AlterColumn):
            self._alter_column(table, action)
        elif isinstance(action, exp.AddConstraint):
            added = tuple(read_constraint(table, node, self._catalog) for node in action.expressions)
            self._rebuild(table, replace(table, constraints=(*table.constraints, *added)))
        elif isinstance(action, exp.Drop):
            self._drop_part(table, action)
        else:
            raise Unsupported(f"ALTER TABLE ... {action.sql(dialect='postgres')}")

    def _add_column(self, table: Table, action: exp.ColumnDef) -> None:
        name = name_of(action.this)
        if table.find(name):
            if action.args.get("exists"):
                return
            raise SqlError("42701", f'column "{name}" of relation "{table.name}" already exists')
        column, constraints = read_column(table.name, action, self._catalog)
        grown = Table(table.name, (*table.columns, column), table.constraints)
        added = tuple(read_constraint(grown, node, self._catalog, column.name) for node in constraints)
        self._rebuild(table, replace(grown, constraints=(*table.constraints, *added)))

    def _alter_column(self, table: Table, action: exp.AlterColumn) -> None:
        column = table.column(name_of(action.this))
        source = quote(column.name)
        if action.args.get("allow_null") is not None:
            changed = replace(column, nullable=bool(action.args["allow_null"]))
        elif action.args.get("drop"):
            changed = replace(column, default=None, default_sql=None)
        elif action.args.get("default") is not None:
            node = action.args["default"]
            default = render(Translator({}).expression(node))
            typed = f"pg_cast('{column.type_text}', {default})"
            changed = replace(column, default=original(node), default_sql=typed)
        else:
            kind = read_type(action.args["dtype"])
            using = action.args.get("using")
            if using is not None:
                source = render(Translator(known_columns([table])).expression(using))
            source = f"pg_cast('{kind}', {source})"
            changed = replace(column, type_text=str(kind))
        columns = tuple(changed if each.name == column.name else each for each in table.columns)
        self._rebuild(table, replace(table, columns=columns), {column.name: source})

    def _drop_part(self, table: Table, action: exp.Drop) -> None:
        kind, exists = str(action.args.get("kind")).upper(), bool(action.args.get("exists"))
        name = name_of((action.args.get("tables") or [action.this])[0])
        if kind == "CONSTRAINT":
            kept = tuple(constraint for constraint in table.constraints if constraint.name != name)
            if len(kept) == len(table.constraints) and not exists:
                text = f'constraint "{name}" of relation "{table.name}" does not exist'
                raise SqlError("42704", text)
            self._rebuild(table, replace(table, constraints=kept))
        elif kind == "COLUMN":
            if table.find(name) is None and exists:
                return
            table.column(name)
            columns = tuple(column for column in table.columns if column.name != name)
            kept = tuple(constraint for constraint in table.constraints if name not in constraint.columns)
            self._rebuild(table, replace(table, columns=columns, constraints=kept))
        else:
            raise Unsupported(f"ALTER TABLE ... DROP {kind}")

    def _rebuild(self, old: Table, new: Table, sources: dict[str, str] | None = None) -> None:
        whole = with_keys(new)
        rebuild(self._connection, old, whole, sources or {})
        self._catalog.save(whole)

    def _rename_table(self, table: Table, name: str) -> None:
        if self._catalog.find(name):
            raise SqlError("42P07", f'relation "{name}" already exists')
        self._connection.execute(f"ALTER TABLE {quote(table.name)} RENAME TO {quote(name)}")
        self._catalog.forget(table.name)
        self._catalog.save(replace(table, name=name))
        for other in list(self._catalog):
            self._catalog.save(
                _replaced(other, f"REFERENCES {quote(table.name)} ", f"REFERENCES {quote(name)} ")
            )

    def _rename_column(self, table: Table, old: str, new: str) -> None:
        column = table.column(old)
        if table.find(new):
            raise SqlError("42701", f'column "{new}" of relation "{table.name}" already exists')
        if any(old in constraint.columns for constraint in table.constraints) or self._is_referenced(
            table, old
        ):
            raise Unsupported("RENAME of a column that a constraint is about")
        self._connection.execute(
            f"ALTER TABLE {quote(table.name)} RENAME COLUMN {quote(old)} TO {quote(new)}"
        )
        columns = tuple(replace(column, name=new) if each == column else each for each in table.columns)
        self._catalog.save(replace(table, columns=columns))

    def _is_referenced(self, table: Table, column: str) -> bool:
        target = f"REFERENCES {quote(table.name)} ("
        return any(
            target in constraint.sql and quote(column) in constraint.sql.split(target)[1]
            for other in self._catalog
            for constraint in other.constraints
        )


def _bare(node: Node) -> str:
    """An indexed expression; a plain column loses the parentheses that would hide it from ON CONFLICT."""
    inner = node.this if isinstance(node, exp.Paren) and isinstance(node.this, exp.Column) else node
    return render(inner)


def _replaced(table: Table, old: str, new: str) -> Table:
    constraints: tuple[Constraint, ...] = tuple(
        replace(constraint, sql=constraint.sql.replace(old, new)) for constraint in table.constraints
    )
    return replace(table, constraints=constraints)
