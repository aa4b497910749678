"""Static files: the sandbox's page, and the phones' page."""

from pathlib import Path
from typing import Final

from aiohttp import web

_HEADERS: Final = {"Cache-Control": "no-cache, no-store", "X-Content-Type-Options": "nosniff"}
_TYPES: Final = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".wasm": "application/wasm",
}


class StaticPage:
    """A folder with an `index.html` that also answers for the paths the page routes itself.

    A missing file with an extension is a 404, so that a module that isn't there doesn't come as HTML.
    """

    def __init__(self, root: Path, headers: dict[str, str] | None = None) -> None:
        self._root = root.resolve()
        self._headers = _HEADERS | (headers or {})

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a GET."""
        return self._answer(request.path)

    async def serve_below(self, request: web.Request) -> web.StreamResponse:
        """Answer a GET of a file under a prefix, named `file` in the route."""
        return self._answer(request.match_info["file"])

    def _answer(self, name: str) -> web.Response:
        path = self._find(name)
        if path is None:
            raise web.HTTPNotFound(text="no such file", headers=self._headers)
        content_type = _TYPES.get(path.suffix, "application/octet-stream")
        charset = "utf-8" if content_type.startswith(("text/", "application/j")) else None
        # Files are small and local; reading them here costs less than a thread would.
        body = path.read_bytes()
        return web.Response(body=body, content_type=content_type, charset=charset, headers=self._headers)

    def _find(self, path: str) -> Path | None:
        relative = path.lstrip("/")
        if "\0" in relative:
            return None
        candidate = (self._root / relative).resolve()
        if candidate.is_relative_to(self._root) and candidate.is_file():
            return candidate
        index = self._root / "index.html"
        return index if not Path(relative).suffix and index.is_file() else None
