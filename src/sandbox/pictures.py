"""Profile pictures, as the page fetches them."""

from typing import Final

from aiohttp import web

from sandbox.store.people import PeopleStore

_YEAR: Final = "private, max-age=31536000, immutable"


class ProfilePictures:
    """`/pp/{id}` on the page's origin; a picture's id can't be guessed, as the addresses of WhatsApp's can't."""

    def __init__(self, people: PeopleStore) -> None:
        self._people = people

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One picture, 404 once its owner has another."""
        found = self._people.picture(request.match_info["picture"])
        if found is None:
            raise web.HTTPNotFound
        media_type, data = found
        headers = {"Cache-Control": _YEAR, "X-Content-Type-Options": "nosniff"}
        return web.Response(body=data, content_type=media_type, headers=headers)
