"""A table in memory, and what one transaction has written to it."""

from collections.abc import Iterator


class Table[K, V]:
    """The committed rows."""

    def __init__(self) -> None:
        self.rows: dict[K, V] = {}


class TableWrites[K, V]:
    """One transaction's writes over a table. Whoever writes a row takes its lock first."""

    __slots__ = ("_table", "_written")

    def __init__(self, table: Table[K, V]) -> None:
        self._table = table
        self._written: dict[K, V | None] = {}

    def get(self, key: K) -> V | None:
        """One row."""
        return self._written[key] if key in self._written else self._table.rows.get(key)

    def items(self) -> Iterator[tuple[K, V]]:
        """All rows."""
        merged: dict[K, V | None] = {**self._table.rows, **self._written}
        return ((key, row) for key, row in merged.items() if row is not None)

    def put(self, key: K, row: V | None) -> None:
        """Writes or, with None, removes a row."""
        self._written[key] = row

    def commit(self) -> None:
        """Makes the writes visible."""
        for key, row in self._written.items():
            if row is None:
                self._table.rows.pop(key, None)
            else:
                self._table.rows[key] = row
