"""The API's document, and Swagger UI to browse it: from a package, so that no other server is asked."""

from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from entrypoints.rest.json_codec import JSON, to_json

_CACHED: Final = {"Cache-Control": "private, max-age=3600"}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
_OWN: Final = {"start.js": "text/javascript", "page.css": "text/css"}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pombo API</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START: Final = """window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  validatorUrl: null,
});
"""
_STYLE: Final = "body { margin: 0; background: #fafafa; }\n"


class DocsRoutes:
    """The routes of the documentation. They aren't in the document themselves."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._assets = swagger_ui()
        self._document: bytes | None = None

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""
        add = partial(router.add_api_route, methods=["GET"], include_in_schema=False)
        add("/openapi.json", self.document, name="readDocument")
        add("/docs", self.page, name="readDocumentationPage")
        add("/docs/{name}", self.asset, name="readDocumentationFile")

    async def document(self) -> Response:
        """The OpenAPI document."""
        if self._document is None:
            self._document = to_json(self._app.openapi())
        return Response(self._document, media_type=JSON)

    async def page(self) -> Response:
        """The page, which is the same for everybody."""
        return Response(_PAGE, media_type="text/html", headers={"Content-Security-Policy": _POLICY})

    async def asset(self, name: str) -> Response:
        """A file that the page needs."""
        if name in _ASSETS:
            return FileResponse(self._assets / name, media_type=_ASSETS[name], headers=_CACHED)
        if name in _OWN:
            return Response(_START if name == "start.js" else _STYLE, media_type=_OWN[name], headers=_CACHED)
        raise HTTPException(404)


def swagger_ui() -> Path:
    """The folder of Swagger UI's files, whatever version the package brings.

    Raises:
        ModuleNotFoundError: the package ``swagger-ui-bundle-v2`` isn't installed.
    """
    return next(Path(str(files("swagger_ui_bundle"))).glob("vendor/swagger-ui-*/swagger-ui-bundle.js")).parent
