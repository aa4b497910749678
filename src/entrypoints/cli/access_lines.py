"""Users and keys as the command line shows them."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from entrypoints.cli.client import GatewayClient, Json
from entrypoints.cli.console import out

_PAGE: Final = "500"


async def write_all(
    client: GatewayClient, path: str, line: Callable[[Json], str], params: Mapping[str, str], *, as_json: bool
) -> None:
    """Writes all that a list has, page by page."""
    query = {"page_size": _PAGE, **params}
    while True:
        page = await client.call("GET", path, params=query)
        for item in page["items"]:
            write(item, line, as_json=as_json)
        if not page.get("next_page_token"):
            return
        query["page_token"] = str(page["next_page_token"])


def write(item: Json, line: Callable[[Json], str], *, as_json: bool) -> None:
    """Writes one to standard output, as the gateway's JSON or as a line."""
    out().print(json.dumps(item, ensure_ascii=False) if as_json else line(item), markup=False)


def user_line(user: Json) -> str:
    """A user in one line."""
    return f"{user['id']}  {user['role']:<8}  {'DISABLED' if user['disabled'] else 'ACTIVE':<8}  {user['name']}"


def key_line(key: Json) -> str:
    """What is known of a key, in one line; the key itself isn't in it."""
    sessions = ",".join(key["session_ids"]) or "all sessions"
    until = f"until {key['expires_at']}" if key["expires_at"] else "no end"
    by = f"  replaced by {key['replaced_by']}" if key["replaced_by"] else ""
    return (
        f"{key['id']}  {key['hint']}…  {key['role']:<8}  {_status(key):<8}  {key['user_id']}  {sessions}  {until}  "
        f"{key['name']}{by}"
    )


def _status(key: Json) -> str:
    if key["revoked_at"]:
        return "REVOKED"
    expires = key["expires_at"]
    return "EXPIRED" if expires and datetime.fromisoformat(expires) <= datetime.now(UTC) else "ACTIVE"
