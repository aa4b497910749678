"""A server that speaks S3."""

import re
import socket
import subprocess
import sys
import time
import urllib.request
from uuid import uuid4

from tests.ports import free_port

KEY_ID = "key"
SECRET = "a-secret-of-s3"
REGION = "us-east-1"


class S3Server:
    """moto's, in a process of its own, with what it holds in memory."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port))
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert time.monotonic() < until, "the S3 server doesn't come up"
                assert self._process.poll() is None, "the S3 server has ended"
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def make_bucket(self) -> str:
        name = f"media-{uuid4()}"
        self._call("PUT", f"/{name}")
        return name

    def contents(self, bucket: str) -> dict[str, bytes]:
        """What is in a bucket, by key."""
        keys = re.findall(r"<Key>([^<]+)</Key>", self._call("GET", f"/{bucket}?list-type=2").decode())
        return {key: self._call("GET", f"/{bucket}/{key}") for key in keys}

    def _call(self, method: str, path: str) -> bytes:
        # It checks no signature; without any it takes us for the public, whom files aren't shown to.
        headers = {"Authorization": f"AWS {KEY_ID}:unchecked"}
        request = urllib.request.Request(self.url + path, method=method, headers=headers)  # noqa: S310 - loopback
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
            content: bytes = answer.read()
            return content
