"""Runs a command with a Docker engine that has the servers' images, and sees to it that the command has used them.

    scripts/in-env.sh python scripts/engine.py pytest -m servers

An engine that answers is taken. Else one of our own is started, as root: its programs are the machine's or come out of
Debian's packages (engine_programs.py), its data and its socket lie in a temporary directory, and it lives, together
with the command, in network, mount and process namespaces of its own. So it has no network but its own loopback, and
no process or mount is left of it whatever ends it. The images are made here (server_images.py). The command gets,
beside ``DOCKER_HOST``, ``TEST_SERVERS=containers``: tests that need servers must run them in containers, or fail.

The exit status is the command's; 75 if no engine can be had here, with the reason as the last line of standard error,
or in the file that ``--reason-file=`` names; 1 if the command ended well but no container of each image was started.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import docker
from docker.errors import DockerException
from engine_programs import NoEngineError, provide
from server_images import Image, postgres_image, valkey_image

NO_ENGINE: Final = 75
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30
_HOMES: Final = Path("/tmp")  # noqa: S108 - short, for a socket is in it; and each has a name of its own
_HOME: Final = "pombo-engine-"
_CGROUPS: Final = Path("/sys/fs/cgroup")
_INSIDE: Final = "--inside"
_REASON_FILE: Final = "--reason-file="
_SIOCSIFFLAGS: Final = 0x8914
_UP: Final = 0x1 | 0x40  # IFF_UP, IFF_RUNNING
_TRIAL: Final = "pombo-trial"
_SERVERS_OF_THE_CALLER: Final = ("TEST_DATABASE_URL", "TEST_REDIS_URL", "DATABASE_URL", "REDIS_URL")


def main(arguments: list[str]) -> int:
    """Runs the command, and gives its exit status."""
    # As a request to stop, not as a death: what was begun is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    reason_file = None
    if arguments and arguments[0].startswith(_REASON_FILE):
        reason_file = Path(arguments.pop(0).removeprefix(_REASON_FILE))
    if not arguments:
        print("usage: engine.py [--reason-file=FILE] COMMAND …", file=sys.stderr)
        return 2
    try:
        if arguments[0] == _INSIDE:
            return _inside(Path(arguments[1]), arguments[2:])
        client = _client()
        return _with_own(arguments) if client is None else _use(client, _busybox(), arguments)
    except NoEngineError as error:
        if arguments[0] != _INSIDE:
            print(f"engine: none: {error}", file=sys.stderr)
        if reason_file is not None:
            reason_file.write_text(f"{error}\n")
        return NO_ENGINE
    except KeyboardInterrupt:
        return 130


def _client(address: str | None = None) -> Any | None:
    """A client of the engine that answers there, or else where ``DOCKER_HOST`` says, if one does."""
    try:
        client = docker.from_env() if address is None else docker.DockerClient(base_url=address)
        client.ping()
    except DockerException:
        return None
    return client


def _busybox() -> Path:
    return provide().busybox


# --- An engine of our own: outside its namespaces --------------------------------------------------------------------


def _with_own(command: list[str]) -> int:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NoEngineError("no engine answers, and only root can start one, on Linux")
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        raise NoEngineError("no engine answers, and there is no unshare or no setpriv to start one apart from the rest")
    provide()
    for left in _HOMES.glob(f"{_HOME}*"):
        if not Path("/proc", left.name.removeprefix(_HOME).partition("-")[0]).exists():
            _remove(left)  # of one that was killed
    home = Path(tempfile.mkdtemp(prefix=f"{_HOME}{os.getpid()}-", dir=_HOMES))
    reason = home / "reason"
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    inside = [sys.executable, __file__, f"{_REASON_FILE}{reason}", _INSIDE, str(home), *command]
    try:
        # Dies with us, and takes all that lives in its namespaces along.
        with subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *unshare, *inside]) as process:  # noqa: S603, S607 - ours
            try:
                status = process.wait()
            except KeyboardInterrupt:
                process.kill()
                raise
        if status != 0 and not (home / "entered").exists():
            raise NoEngineError("no engine answers, and namespaces for one can't be had here")
        if status == NO_ENGINE and reason.exists():
            raise NoEngineError(reason.read_text().strip())
        return status
    finally:
        _remove(home)


def _remove(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    for top in (_CGROUPS / home.name, *_CGROUPS.glob(f"*/{home.name}")):
        for group in [*sorted(top.rglob("*/"), reverse=True), top]:
            with contextlib.suppress(OSError):
                group.rmdir()


# --- Inside ----------------------------------------------------------------------------------------------------------


def _inside(home: Path, command: list[str]) -> int:
    (home / "entered").touch()
    programs = provide()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _UP))
    with _engine(home, dict(programs.environment)) as client:
        return _use(client, programs.busybox, command)


@contextlib.contextmanager
def _engine(home: Path, environment: dict[str, str]) -> Iterator[Any]:
    (home / "daemon.json").write_text("{}")  # the machine's own settings are for its own engine
    address = f"unix://{home}/socket"
    options = {
        "config-file": home / "daemon.json",
        "data-root": home / "data",
        "exec-root": home / "run",
        "pidfile": home / "pid",
        "host": address,
        "cgroup-parent": f"/{home.name}",
        # No firewall: nothing leaves the namespace. Published ports go through docker-proxy.
        "iptables": "false",
        "ip6tables": "false",
        "ip-forward": "false",
        "ip-masq": "false",
    }
    log = home / "log"
    with log.open("wb") as output:
        arguments = [f"--{name}={value}" for name, value in options.items()]
        process = subprocess.Popen(["dockerd", *arguments], stdout=output, stderr=output, env=environment)  # noqa: S603, S607 - ours
    try:
        deadline = time.monotonic() + _START_SECONDS
        while (client := _client(address)) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                last = (log.read_text(errors="replace").strip().splitlines() or ["it says nothing"])[-1]
                raise NoEngineError(f"dockerd doesn't start here: {last}")
            time.sleep(0.1)
        os.environ["DOCKER_HOST"] = address
        yield client
        client.close()
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


# --- The work --------------------------------------------------------------------------------------------------------


def _use(client: Any, busybox: Path, command: list[str]) -> int:
    mark = f"{os.getpid()}-{time.time_ns()}"  # the engine may be one that others use, too
    images = [postgres_image(busybox, mark), valkey_image(busybox, mark)]
    with _imported(client, images):
        _try_out(client, images)
        version = client.version()["Version"]
        print(f"engine: Docker {version}, storage {client.info()['Driver']}")
        sys.stdout.flush()
        began = time.time()
        environment = {name: value for name, value in os.environ.items() if name not in _SERVERS_OF_THE_CALLER}
        environment |= {
            "TEST_SERVERS": "containers",
            "TEST_POSTGRES_IMAGE": images[0].name,
            "TEST_VALKEY_IMAGE": images[1].name,
            "TESTCONTAINERS_RYUK_DISABLED": "true",  # its image would have to be fetched
            "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
            "TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
        }
        status = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - the caller's
        started = {image.repository: _started(client, image, began) for image in images}
    print("engine: containers started: " + ", ".join(f"{count} of {name}" for name, count in started.items()))
    if status == 0 and not all(started.values()):
        print("engine: the command has not used all of the servers", file=sys.stderr)
        return 1
    return status


@contextlib.contextmanager
def _imported(client: Any, images: list[Image]) -> Iterator[None]:
    for image in images:
        client.api.import_image_from_data(
            image.archive, repository=image.repository, tag=image.tag, changes=list(image.changes)
        )
    try:
        yield
    finally:
        for image in images:
            with contextlib.suppress(DockerException):
                client.images.remove(image.name, force=True)


def _try_out(client: Any, images: list[Image]) -> None:
    """An engine in which nothing runs is none."""
    for image in images:
        try:
            client.containers.run(
                image.name, entrypoint=["/bin/echo"], command=["it runs"], remove=True, labels=[_TRIAL]
            )
        except DockerException as error:
            raise NoEngineError(f"an engine answers, but runs no container: {error}") from error


def _started(client: Any, image: Image, since: float) -> int:
    filters = {"type": "container", "event": "start", "image": image.name}
    events = client.events(since=int(since), until=int(time.time()) + 1, filters=filters, decode=True)
    return sum(_TRIAL not in event["Actor"]["Attributes"] for event in events)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
