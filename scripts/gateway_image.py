"""Builds the gateway's image without a registry, and runs it as it is meant to be run.

    scripts/in-env.sh python scripts/engine.py python scripts/gateway_image.py

The first three stages of ``deploy/Dockerfile`` fetch from registries. In their place are images of what setup has made
of the same locks on this machine: Python with the pinned packages, the built bridge, a browser, and the libraries that
``ldd`` names. The last stage is the Dockerfile's own, word by word.

The container is as ``deploy/compose.yaml`` has it: read-only, without capabilities, under ``deploy/seccomp.json``. It
links a session at the sandbox, sends, is stopped and started, and keeps the link. Each step that was shown is printed.
"""

import asyncio
import base64
import contextlib
import io
import json
import os
import re
import secrets
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from collections.abc import AsyncIterator, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import aiohttp
import docker
from docker.errors import DockerException
from engine_programs import provide

from entrypoints.settings import default_cache_dir

ROOT: Final = Path(__file__).resolve().parent.parent
_BASE: Final = Path(sys.base_prefix).resolve()
_SITE: Final = next(Path(path) for path in sys.path if path.endswith("site-packages"))
_UID: Final = 10_001
_APPLETS: Final = ("sh", "cat", "chmod", "chown", "env", "id", "ls", "mkdir", "rm", "sleep", "test")
_PASSWD: Final = f"root:x:0:0:root:/:/bin/sh\npombo:x:{_UID}:{_UID}:pombo:/home/pombo:/bin/sh\n"
_GROUP: Final = f"root:x:0:\npombo:x:{_UID}:\n"
_NOT_IN_PYTHON: Final = frozenset({"__pycache__", "test", "idlelib", "tkinter", "site-packages", "ensurepip"})
_ANA, _BEN = "15550100100", "15550100200"
_BAD_SETTINGS: Final = 2
_STOP_SECONDS: Final = 12.0
_KEY: Final = "a-key-for-this-image-only"


class Tree:
    """A root file system, or a part of one, in the making."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._buffer, mode="w")  # noqa: SIM115 - closed by archive()
        self._names: set[str] = set()

    def archive(self) -> bytes:
        """The whole."""
        self._tar.close()
        return self._buffer.getvalue()

    def directory(self, name: str, mode: int = 0o755) -> None:
        """A directory of root's."""
        self._put(tarfile.TarInfo(name), tarfile.DIRTYPE, mode)

    def text(self, name: str, text: str, mode: int = 0o644) -> None:
        """A file with this text."""
        self._file(name, text.encode(), mode)

    def link(self, name: str, target: str) -> None:
        """A symbolic link."""
        entry = tarfile.TarInfo(name)
        entry.linkname = target
        self._put(entry, tarfile.SYMTYPE, 0o777)

    def copy(self, path: Path, name: str | None = None) -> None:
        """A file of this machine's, by default under its own name; anybody may read it."""
        executable = path.stat().st_mode & 0o100
        self._file(name or str(path).lstrip("/"), path.read_bytes(), 0o755 if executable else 0o644)

    def copy_all(self, top: Path, name: str, leave_out: Iterable[str] = ()) -> None:
        """A directory of this machine's."""
        left_out = frozenset(leave_out)
        for path in sorted(top.rglob("*")):
            inner = path.relative_to(top)
            if path.is_file() and left_out.isdisjoint(inner.parts):
                self.copy(path, f"{name}/{inner}")

    def _file(self, name: str, content: bytes, mode: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        self._put(entry, tarfile.REGTYPE, mode, content)

    def _put(self, entry: tarfile.TarInfo, kind: bytes, mode: int, content: bytes = b"") -> None:
        if entry.name not in self._names:
            self._names.add(entry.name)
            entry.type, entry.mode = kind, mode
            self._tar.addfile(entry, io.BytesIO(content))


def _running_files() -> Iterator[tuple[Path, str]]:
    """The files of the pinned packages that the gateway runs on, and their names below site-packages."""
    pins = re.findall(r"^([a-z0-9][a-z0-9-]*)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    # Some are pinned for other systems.
    installed = {str(distribution.name).lower().replace("_", "-") for distribution in metadata.distributions()}
    for pin in installed.intersection(pins):
        for file in metadata.distribution(pin).files or ():
            path = Path(str(file.locate())).resolve()
            if path.is_file() and path.is_relative_to(_SITE) and "__pycache__" not in path.parts:
                yield path, str(path.relative_to(_SITE))


def _libraries(programs: Iterable[Path]) -> Iterator[Path]:
    paths = [str(path) for path in programs]
    for start in range(0, len(paths), 200):
        asked = subprocess.run(["ldd", *paths[start : start + 200]], capture_output=True, text=True, check=False)  # noqa: S603, S607 - ours
        for word in asked.stdout.split():
            if word.startswith("/") and not word.endswith(":") and Path(word).is_file():
                yield Path(word)


def _is_program(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def packages_archive() -> bytes:
    """What the Dockerfile's stage ``packages`` makes."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = f"app/.venv/lib/{version}/site-packages"
    tree = Tree()
    for path, name in _running_files():
        tree.copy(path, f"{site}/{name}")
    python = f"{_BASE}/bin/{version}"
    for name in ("python", "python3", version):
        tree.link(f"app/.venv/bin/{name}", python)
    tree.text("app/.venv/pyvenv.cfg", f"home = {_BASE}/bin\ninclude-system-site-packages = false\n")
    tree.text(f"{site}/pombo.pth", "/app/src\n")
    command = "#!/app/.venv/bin/python\nimport sys\n\nfrom entrypoints.cli.program import main\n\nsys.exit(main())\n"
    tree.text("app/.venv/bin/pombo", command, 0o755)
    return tree.archive()


def bridge_archive() -> bytes:
    """What the stage ``bridge`` makes."""
    tree = Tree()
    tree.copy_all(ROOT / "web/dist", "out/dist")
    tree.copy_all(ROOT / "web/node_modules/@wppconnect/wa-js", "out/node_modules/@wppconnect/wa-js")
    return tree.archive()


def system_archive(busybox: Path) -> bytes:
    """What the stage ``system`` makes: an interpreter, a browser, the user, and the libraries that all of it loads."""
    tree = Tree()
    for name, mode in (("tmp", 0o1777), ("proc", 0o755), ("dev", 0o755), ("sys", 0o755), ("app", 0o755)):
        tree.directory(name, mode)
    tree.copy(busybox, "bin/busybox")
    for applet in _APPLETS:
        tree.link(f"bin/{applet}", "busybox")
    tree.text("etc/passwd", _PASSWD)
    tree.text("etc/group", _GROUP)
    for parent in reversed(_BASE.parents):
        tree.directory(str(parent).lstrip("/") or ".")
    tree.copy_all(_BASE / "lib", f"{_BASE}/lib".lstrip("/"), _NOT_IN_PYTHON)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    tree.copy(_BASE / "bin" / version, f"{_BASE}/bin/{version}".lstrip("/"))
    browser = max(default_cache_dir().glob("chromium-*/chromium"), default=None)
    if browser is None:
        raise SystemExit("image: no unpacked browser below the cache directory; scripts/provide_browser.py makes one")
    tree.copy_all(browser.parent, "opt/chromium")
    tree.text("usr/bin/chromium-headless-shell", _BROWSER, 0o755)
    programs = [path for path, _ in _running_files() if _is_program(path)]
    programs += [path for path in [*(_BASE / "lib").rglob("*.so*"), _BASE / "bin" / version] if path.is_file()]
    for library in {*_libraries([*programs, browser])}:
        if not library.is_relative_to(_SITE):
            tree.copy(library)
    return tree.archive()


_BROWSER: Final = """#!/bin/sh
export LD_LIBRARY_PATH=/opt/chromium/al2023/lib:/opt/chromium
export FONTCONFIG_PATH=/opt/chromium/fonts FONTCONFIG_FILE=/opt/chromium/fonts/fonts.conf
exec /opt/chromium/chromium "$@"
"""


def _context(names: dict[str, str]) -> bytes:
    """What the last stage is built of, and the Dockerfile with that stage alone, on the images that are here."""
    whole = (ROOT / "deploy/Dockerfile").read_text()
    stage = whole[whole.index("FROM system AS pombo") :]
    stage = stage.replace("FROM system AS", f"FROM {names['system']} AS", 1)
    for name in ("packages", "bridge"):
        stage = stage.replace(f"--from={name} ", f"--from={names[name]} ", 1)
    tree = Tree()
    tree.text("Dockerfile", stage)
    tree.copy_all(ROOT / "src", "src", {"__pycache__"})
    for name in ("LICENSE", "NOTICE"):
        tree.copy(ROOT / name, name)
    return tree.archive()


@contextlib.contextmanager
def built(client: Any) -> Iterator[str]:
    """The image's name."""
    mark = f"{os.getpid()}-{time.time_ns()}"
    archives = {
        "packages": packages_archive(),
        "bridge": bridge_archive(),
        "system": system_archive(provide().busybox),
    }
    names = {name: f"pombo-test/{name}:{mark}" for name in archives}
    image = f"pombo-test/gateway:{mark}"
    try:
        for name, archive in archives.items():
            client.api.import_image_from_data(archive, repository=f"pombo-test/{name}", tag=mark)
        client.images.build(fileobj=io.BytesIO(_context(names)), custom_context=True, tag=image, rm=True, forcerm=True)
        yield image
    finally:
        for name in (image, *names.values()):
            with contextlib.suppress(DockerException):
                client.images.remove(name, force=True)


@contextlib.contextmanager
def running(client: Any, image: str, **options: Any) -> Iterator[Any]:
    """A container in this network namespace."""
    container = client.containers.run(image, detach=True, network_mode="host", **options)
    try:
        yield container
    except BaseException:
        print(container.logs(tail=60).decode(errors="replace"), file=sys.stderr)
        raise
    finally:
        container.remove(force=True, v=True)


@contextlib.asynccontextmanager
async def sandbox(directory: Path) -> AsyncIterator[dict[str, str]]:
    """A WhatsApp of our own, and its addresses."""
    command = [sys.executable, "-m", "sandbox", "--data-dir", str(directory), "--port", "0", "--control-port", "0"]
    process = await asyncio.create_subprocess_exec(
        *command,
        "--https-port",
        "0",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        async with asyncio.timeout(60):
            addresses = json.loads(await process.stdout.readline())
        yield addresses
    finally:
        process.kill()
        await process.wait()


class Job:
    """The main job, over the gateway's REST."""

    def __init__(self, http: aiohttp.ClientSession, control: str) -> None:
        self._http = http
        self._control = control.rstrip("/")

    async def call(self, method: str, url: str, body: dict[str, Any] | None = None) -> Any:
        """Calls, and expects it to succeed."""
        async with self._http.request(method, url, json=body) as answer:
            content = await answer.text()
            if not answer.ok:
                raise RuntimeError(f"{method} {url}: {answer.status} {content}")
            return json.loads(content) if content else None

    async def gateway(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Calls the gateway."""
        return await self.call(method, f"http://127.0.0.1:8080{path}", body)

    async def phone(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Calls the sandbox's control."""
        return await self.call(method, self._control + path, body)

    async def until(self, path: str, wanted: str, seconds: float = 120) -> Any:
        """Waits until the gateway's answer has this status."""
        seen: Any = None
        try:
            async with asyncio.timeout(seconds):
                while True:
                    with contextlib.suppress(aiohttp.ClientError, RuntimeError):
                        seen = await self.gateway("GET", path)
                        if seen["status"] == wanted:
                            return seen
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise RuntimeError(f"{path} isn't {wanted}: {seen}") from None

    async def link(self) -> None:
        """A session that works."""
        await self.gateway("POST", "/api/v1/sessions", {"id": "ana"})
        code = None
        async with asyncio.timeout(120):
            while code is None:
                with contextlib.suppress(RuntimeError):
                    code = (await self.gateway("GET", "/api/v1/sessions/ana/qr?wait=30"))["qr"]
        await self.phone("POST", f"/accounts/{_ANA}/scan", {"qr": code})
        await self.until("/api/v1/sessions/ana", "WORKING")

    async def send(self, text: str) -> None:
        """A message that a phone has afterwards."""
        body = {"session_id": "ana", "to": _BEN, "type": "text", "text": {"body": text}}
        await self.gateway("POST", "/api/v1/messages/send", body)
        held = (await self.phone("GET", f"/accounts/{_BEN}/messages?chat={_ANA}"))["messages"]
        if [message["body"] for message in held].count(text) != 1:
            raise RuntimeError(f"the phone hasn't {text!r} once")


def _shown(step: str) -> None:
    print(f"image: {step}", flush=True)


def _require(is_so: object, what: str) -> None:
    if not is_so:
        raise RuntimeError(what)


def _options(volume: str, environment: dict[str, str]) -> dict[str, Any]:
    """As deploy/compose.yaml has it."""
    filters = json.dumps(json.loads((ROOT / "deploy/seccomp.json").read_text()))
    return {
        "environment": environment,
        "read_only": True,
        "tmpfs": {"/tmp": "size=1g,mode=1777"},  # noqa: S108 - the container's
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true", f"seccomp={filters}"],
        "init": True,
        "shm_size": "1g",
        "volumes": {volume: {"bind": "/data", "mode": "rw"}},
    }


def _check_processes(container: Any) -> None:
    """Nobody is root, and renderers are in namespaces of their own: Chromium's sandbox is on."""
    top = container.top(ps_args="-eo pid,uid,args")
    rows = [(int(row[0]), int(row[1]), row[2]) for row in top["Processes"]]
    _require(all(uid == _UID for _, uid, _ in rows), f"not all are user {_UID}: {rows}")
    _require(not any("--no-sandbox" in arguments for *_, arguments in rows), "the browser's sandbox is off")
    renderers = [pid for pid, _, arguments in rows if "--type=renderer" in arguments]
    _require(renderers, f"no renderer runs: {rows}")
    own = {pid: Path(f"/proc/{pid}/ns/user").readlink() for pid, *_ in rows}
    outer = own[rows[0][0]]
    _require(all(own[pid] != outer for pid in renderers), "renderers are in the gateway's own namespace")


async def show(client: Any, image: str) -> None:
    """Runs it, step by step."""
    settings = {
        "DATABASE_URL": "postgresql://pombo:secret@127.0.0.1:5432/pombo",
        "REDIS_URL": "redis://127.0.0.1:6379/0",
        "API_KEY": _KEY,
        "POMBO_SNAPSHOT_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "POMBO_HOST": "127.0.0.1",
    }
    volume = client.volumes.create()
    try:
        bad = client.containers.create(image, **_options(volume.name, {"PORT": "x", "API_KEY": "short"}))
        bad.start()
        status = bad.wait(timeout=60)["StatusCode"]
        told = bad.logs().decode()
        bad.remove(force=True)
        _require(status == _BAD_SETTINGS and "PORT: " in told and "API_KEY: " in told, f"bad settings: {status} {told}")
        _shown("settings that are wrong are named together, and end it with status 2")
        with tempfile.TemporaryDirectory() as home:
            async with sandbox(Path(home)) as addresses, aiohttp.ClientSession(headers={"X-API-Key": _KEY}) as http:
                job = Job(http, addresses["control"])
                for phone in (_ANA, _BEN):
                    await job.phone("POST", "/accounts", {"phone": phone, "name": phone})
                options = _options(volume.name, {**settings, "WHATSAPP_WEB_URL": addresses["page"]})
                with running(client, image, **options) as container:
                    await _do(job, container)
    finally:
        volume.remove(force=True)


async def _do(job: Job, container: Any) -> None:
    await job.until("/health/ready", "ready")
    await job.link()
    await job.send("from the image")
    _shown("a session is linked and sends, with a read-only root and without capabilities")
    await asyncio.to_thread(_check_processes, container)
    _shown("Chromium's sandbox is on, under deploy/seccomp.json; nobody is root")
    code, output = await asyncio.to_thread(container.exec_run, ["pombo", "backup", "/data/now.pombo"])
    _require(code == 0, output.decode())
    _shown("pombo backup runs beside it")
    async with asyncio.timeout(120):
        while container.attrs["State"].get("Health", {}).get("Status") != "healthy":
            await asyncio.sleep(1)
            await asyncio.to_thread(container.reload)
    _shown("its health check says healthy")
    began = time.monotonic()
    await asyncio.to_thread(container.stop, timeout=30)
    took = time.monotonic() - began
    await asyncio.to_thread(container.reload)
    status = container.attrs["State"]["ExitCode"]
    _require(status == 0 and took < _STOP_SECONDS, f"stopped with status {status} after {took:.1f} s")
    _shown(f"stopped in {took:.1f} s")
    await asyncio.to_thread(container.start)
    await job.until("/api/v1/sessions/ana", "WORKING")
    await job.send("after the restart")
    page = await job.gateway("GET", "/api/v1/events?types=session.qr")
    _require(len(page["items"]) == 1, "it asked for another QR")
    _shown("started again: the session works without a QR")


def main() -> int:
    """Builds and runs; prints what was shown."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    client = docker.from_env(timeout=300)
    postgres, valkey = os.environ["TEST_POSTGRES_IMAGE"], os.environ["TEST_VALKEY_IMAGE"]
    environment = {"POSTGRES_USER": "pombo", "POSTGRES_PASSWORD": "secret", "POSTGRES_DB": "pombo"}
    with built(client) as image:
        size = client.images.get(image).attrs["Size"] / 2**20
        _shown(f"the Dockerfile's last stage is built, {size:.0f} MiB, version {project['version']}")
        with running(client, postgres, environment=environment), running(client, valkey):
            asyncio.run(show(client, image))
    return 0


if __name__ == "__main__":
    sys.exit(main())
