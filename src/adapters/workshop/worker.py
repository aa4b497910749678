"""The workshop's process: one job, read from standard input, answered on standard output. Both are JSON.

It works on files that strangers made, so it gives itself limits first, and holds nothing that is worth taking: the
environment that it is started with is empty.
"""

import errno
import json
import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

MEMORY: Final = 2 * 1024**3
"""Bytes of address space: the largest picture that is decoded, thrice, and the libraries."""
SECONDS: Final = 60
"""Of processor time."""
_FILE: Final = 64 * 1024**2
"""Bytes of what it makes."""
_OF_THE_MACHINE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE})
"""What ends a job whatever the file is: no room, no memory, a disk that fails."""
_POLITE: Final = 5
_GRACE: Final = 5
"""Seconds of processor time after the limit was told."""


def limit_ourselves() -> None:
    """Takes away what isn't needed."""
    os.nice(_POLITE)
    for what, most, end in (
        (resource.RLIMIT_AS, MEMORY, MEMORY),
        # The first is told by a signal of its own; the second kills, as others do too.
        (resource.RLIMIT_CPU, SECONDS, SECONDS + _GRACE),
        (resource.RLIMIT_FSIZE, _FILE, _FILE),
        # One byte, since of zero a collector of images still gets them: see entrypoints/cli/program.py.
        (resource.RLIMIT_CORE, 1, 1),
        (resource.RLIMIT_NOFILE, 64, 64),
    ):
        _, given = resource.getrlimit(what)
        at_most = end if given == resource.RLIM_INFINITY else min(end, given)
        resource.setrlimit(what, (min(most, at_most), at_most))


def work(job: Mapping[str, Any]) -> dict[str, Any]:
    """Does a job; an ``error`` in the answer names what is wrong: ``unavailable`` with the machine, else with the file.

    What a library raises that isn't foreseen comes of the file: it is the only thing that differs from job to job.
    """
    try:
        with Path(job["source"]).open("rb"):
            pass
        return _work(job)
    except MemoryError:
        return {"error": "complex"}
    except (OSError, ImportError) as error:
        return {"error": "unavailable", "text": type(error).__name__}
    except Exception as error:  # noqa: BLE001 - as said above
        return {"error": "broken", "text": type(error).__name__}


def _work(job: Mapping[str, Any]) -> dict[str, Any]:
    from adapters.workshop import pictures, recordings  # noqa: PLC0415 - loaded within the limits
    from adapters.workshop.results import ComplexError, NotConvertibleError, OversizeError  # noqa: PLC0415 - as above

    source = Path(job["source"])
    try:
        match job["name"]:
            case "inspect":
                return inspect(source, job["mime_type"], job["filename"])
            case "name":
                return name_document(source, job["mime_type"], job["filename"])
            case "voice":
                return recordings.make_voice_note(source, Path(job["target"]))
            case "thumbnail":
                return pictures.make_thumbnail(source, Path(job["target"]))
            case "sticker":
                return pictures.make_sticker(source, Path(job["target"]))
            case name:
                raise ValueError(name)
    except ComplexError:
        return {"error": "complex"}
    except NotConvertibleError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in _OF_THE_MACHINE:
            raise error.__cause__ from None
        return {"error": "not_convertible", "text": str(error)}
    except OversizeError as error:
        return {"error": "oversize", "limit": error.limit}


def inspect(source: Path, said: str | None, filename: str | None) -> dict[str, Any]:
    """What a file is."""
    from adapters.workshop import pictures, recordings, types  # noqa: PLC0415 - loaded within the limits

    sniffed = types.by_bytes(source)
    found = pictures.inspect(source)
    if found is None:
        likely = any(mime_type.startswith(("audio/", "video/")) for mime_type in sniffed[:1])
        found = recordings.inspect(source, likely)
    if isinstance(found, dict):
        return found
    document = {"kind": "document", "mime_type": types.of_document(sniffed, said, filename)}
    return document if found is None else {**document, "flaw": found.text}


def name_document(source: Path, said: str | None, filename: str | None) -> dict[str, Any]:
    """What a file is that isn't looked into."""
    from adapters.workshop import types  # noqa: PLC0415 - loaded within the limits

    return {"kind": "document", "mime_type": types.of_document(types.by_bytes(source), said, filename)}


def main() -> None:
    """Reads, works, answers."""
    limit_ourselves()
    answer = json.dumps(work(json.load(sys.stdin)))
    sys.stdout.write(answer)


if __name__ == "__main__":
    main()
