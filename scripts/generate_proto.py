"""Generates the gRPC code from proto/ into src/entrypoints/grpc/gen; with --check, says whether it is up to date.

The compilers are the pinned ones of the development environment: grpc_tools.protoc and mypy-protobuf.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PROTO: Final = ROOT / "proto"
TARGET: Final = ROOT / "src/entrypoints/grpc/gen"
PACKAGE: Final = "entrypoints.grpc.gen"
_IMPORT: Final = re.compile(r"^from pombo\.", re.MULTILINE)
_PACKAGE_DOC: Final = '"""Generated from proto/ by scripts/generate_proto.py."""\n'


def generate(target: Path) -> None:
    """Writes the whole package into an empty or absent directory.

    Raises:
        subprocess.CalledProcessError: protoc refused a file; it has said why.
    """
    target.mkdir(parents=True, exist_ok=True)
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    _protoc([f"--python_out={target}", f"--mypy_out=quiet:{target}"], files)
    services = [name for name in files if name.endswith("_service.proto")]
    _protoc([f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet,async_only:{target}"], services)
    for path in [*target.rglob("*.py"), *target.rglob("*.pyi")]:
        # protoc knows only the proto package; ours lives below another one.
        path.write_text(_IMPORT.sub(f"from {PACKAGE}.pombo.", path.read_text()))
    for folder in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").write_text(_PACKAGE_DOC)


def _protoc(outputs: list[str], files: list[str]) -> None:
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={PROTO}", *outputs, *files]
    # protoc finds its plugins on the path; ours are in this interpreter's own environment.
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    subprocess.run(command, check=True, cwd=PROTO, env={**os.environ, "PATH": search})  # noqa: S603 - our own arguments


def differences(left: Path, right: Path) -> list[str]:
    """The files that differ between two directories, or exist in one of them only."""
    ours, theirs = _contents(left), _contents(right)
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def _contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def main() -> int:
    """Generates, or checks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the checked-in code isn't what would be made")
    check: bool = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "gen"
        generate(fresh)
        stale = differences(fresh, TARGET)
        if not stale:
            return 0
        if check:
            print(f"src/entrypoints/grpc/gen is out of date ({', '.join(stale)}): run scripts/generate_proto.py")
            return 1
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(fresh, TARGET)
        print(f"generated: {', '.join(stale)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
