"""The programs of a Docker engine, and busybox: the machine's own, else out of Debian's packages, not installed.

The packages are fetched by apt, by name, into the checkout's ``.cache`` and unpacked there. Nothing of the machine's
changes, its list of packages included.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
_CACHE: Final = ROOT / ".cache" / "engine"
_PACKAGES: Final = ("docker.io", "busybox-static")
_PROGRAMS: Final = ("dockerd", "containerd", "containerd-shim-runc-v2", "runc", "docker-proxy")
_FOLDERS: Final = ("usr/sbin", "usr/bin", "sbin", "bin")
_PATIENCE: Final = 300


class NoEngineError(Exception):
    """No engine can be had here; the text says why."""


@dataclass(frozen=True)
class Programs:
    """Where the programs are."""

    environment: Mapping[str, str]
    """With which they find each other and their libraries."""
    busybox: Path
    """Linked statically."""


def provide() -> Programs:
    """The programs, fetched and unpacked if need be (about 70 MB to fetch, 260 MB unpacked).

    Raises:
        NoEngineError: the machine has none, and they can't be had.
    """
    unpacked = _CACHE / "root"
    programs = _found(unpacked)
    if programs is None:
        _unpack(_fetch(), unpacked)
        programs = _found(unpacked)
    if programs is None:
        raise NoEngineError(f"the packages {' and '.join(_PACKAGES)} don't hold all of {', '.join(_PROGRAMS)}, busybox")
    return programs


def _found(unpacked: Path) -> Programs | None:
    folders = [os.environ.get("PATH", os.defpath), *(str(unpacked / folder) for folder in _FOLDERS)]
    path = os.pathsep.join(folders)
    busybox = next(
        filter(_is_static, (unpacked / "bin/busybox", unpacked / "usr/bin/busybox", Path("/bin/busybox"))), None
    )
    if busybox is None or not all(shutil.which(program, path=path) for program in _PROGRAMS):
        return None
    libraries = {str(library.parent) for library in unpacked.glob("**/*.so.*")}
    return Programs({**os.environ, "PATH": path, "LD_LIBRARY_PATH": os.pathsep.join(sorted(libraries))}, busybox)


def _is_static(program: Path) -> bool:
    if not os.access(program, os.X_OK):
        return False
    return _run("ldd", str(program)).returncode != 0  # "not a dynamic executable"


def _fetch() -> list[Path]:
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise NoEngineError("there is no engine on this machine, and no apt-get to fetch one")
    archives = _CACHE / "archives"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    # What the machine knows of packages is enough as a rule. Where it knows nothing, a list of our own is fetched.
    own_lists = _CACHE / "lists"
    (own_lists / "partial").mkdir(parents=True, exist_ok=True)
    own = [f"Dir::State::lists={own_lists}/", "Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache="]
    if _download(archives, []).returncode != 0:
        _apt(own, "update")
        fetched = _download(archives, own)
        if fetched.returncode != 0:
            raise NoEngineError(f"apt-get doesn't get {' and '.join(_PACKAGES)}: {_last_line(fetched.stderr)}")
    return sorted(archives.glob("*.deb"))


def _download(archives: Path, options: list[str]) -> "subprocess.CompletedProcess[str]":
    """Fetches the packages with those they need and the machine lacks."""
    options = [f"Dir::Cache::archives={archives}/", "APT::Sandbox::User=root", "Debug::NoLocking=true", *options]
    return _apt(options, "install", "--download-only", "--no-install-recommends", "--reinstall", "--yes", *_PACKAGES)


def _apt(options: list[str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return _run("apt-get", "--quiet", *(part for option in options for part in ("-o", option)), *arguments)


def _unpack(packages: list[Path], unpacked: Path) -> None:
    new = _CACHE / "root.new"
    shutil.rmtree(new, ignore_errors=True)
    for package in packages:
        done = _run("dpkg", "--extract", str(package), str(new))
        if done.returncode != 0:
            raise NoEngineError(f"{package.name} can't be unpacked: {_last_line(done.stderr)}")
    shutil.rmtree(unpacked, ignore_errors=True)
    new.rename(unpacked)
    shutil.rmtree(_CACHE / "archives")
    shutil.rmtree(_CACHE / "lists")


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    try:
        return subprocess.run(  # noqa: S603 - ours
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise NoEngineError(f"{command[0]} hasn't come to an end within {_PATIENCE} s") from None


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it says nothing"])[-1]
