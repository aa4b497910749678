"""The manifest as JSON. Its form is public: ``docs/backup.md`` describes it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from domain.backup import FORMAT, DatabaseShape, Manifest, Part, TableShape, backup_corrupt, backup_newer

MANIFEST: Final = "manifest.json"


def write_manifest(manifest: Manifest) -> bytes:
    """As it is written into the backup."""
    fields = {
        "format": FORMAT,
        "version": manifest.version,
        "created_at": manifest.created_at.isoformat(),
        "database": {
            "steps": {str(number): digest for number, digest in sorted(manifest.database.steps.items())},
            "tables": [
                {"name": table.name, "columns": list(table.columns), "rows": manifest.rows[table.name]}
                for table in manifest.database.tables
            ],
            "sequences": {name: list(state) for name, state in sorted(manifest.database.sequences.items())},
        },
        "sessions": list(manifest.sessions),
        "media": manifest.media,
        "media_missing": manifest.media_missing,
        "keys": list(manifest.keys),
        "parts": {name: {"size": part.size, "sha256": part.sha256} for name, part in manifest.parts.items()},
    }
    return json.dumps(fields, indent=1).encode()


def read_manifest(data: bytes) -> Manifest:
    """Reads one.

    Raises:
        UnprocessableError: ``BACKUP_CORRUPT``.
        ConflictError: ``BACKUP_NEWER``: its format is one of later.
    """
    try:
        fields = json.loads(data)
        if fields["format"] > FORMAT:
            raise backup_newer(f"format {fields['format']}")
        return _manifest(fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise backup_corrupt("its manifest can't be read") from error


def _manifest(fields: Mapping[str, Any]) -> Manifest:
    database = fields["database"]
    tables = database["tables"]
    return Manifest(
        version=str(fields["version"]),
        created_at=datetime.fromisoformat(fields["created_at"]),
        database=DatabaseShape(
            steps={int(number): str(digest) for number, digest in database["steps"].items()},
            tables=tuple(
                TableShape(name=str(table["name"]), columns=tuple(map(str, table["columns"]))) for table in tables
            ),
            sequences={str(name): (int(last), bool(used)) for name, (last, used) in database["sequences"].items()},
        ),
        rows={str(table["name"]): int(table["rows"]) for table in tables},
        sessions=tuple(map(str, fields["sessions"])),
        media=None if fields["media"] is None else int(fields["media"]),
        media_missing=int(fields["media_missing"]),
        keys=tuple(map(str, fields["keys"])),
        parts={
            str(name): Part(size=int(part["size"]), sha256=str(part["sha256"]))
            for name, part in fields["parts"].items()
        },
    )
