"""The servers' programs, out of the packages that bring them."""

import os
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from domain.errors import UnavailableError


def find_program(package: str, program: str, *, instead: str) -> Path:
    """The path of a program among a package's files.

    Args:
        package: the distribution's name.
        program: the end of the file's path, like ``bin/postgres``.
        instead: the setting that makes the program unnecessary.

    Raises:
        UnavailableError: ``EMBEDDED_SERVER_MISSING``.
    """
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.as_posix().endswith(f"/{program}"):
            path = Path(str(file.locate())).resolve()
            if os.access(path, os.X_OK):
                return path
    raise UnavailableError(
        "EMBEDDED_SERVER_MISSING",
        f"The program {program} of the package {package} isn't installed for this platform. "
        f"Install the package, or set {instead}.",
    )
