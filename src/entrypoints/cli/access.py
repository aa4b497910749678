"""`pombo users` and `pombo keys`: who may call."""

import uuid
from typing import Annotated, Any

import typer

from domain.access import Role
from domain.errors import ConflictError, UnavailableError
from domain.ids import parse_api_key_id, parse_user_id
from entrypoints.cli.access_lines import key_line, user_line, write, write_all
from entrypoints.cli.client import GatewayClient, Json
from entrypoints.cli.console import err, out
from entrypoints.cli.running import ApiKey, AsJson, Url, with_client

_OPTIONS: dict[str, Any] = {"no_args_is_help": True, "pretty_exceptions_enable": False, "rich_markup_mode": None}
users = typer.Typer(name="users", help="List, make and change users, whom API keys belong to.", **_OPTIONS)
keys = typer.Typer(name="keys", help="List, make, exchange and end API keys.", **_OPTIONS)

UserArgument = Annotated[str, typer.Argument(metavar="USER", help="The user's id, usr_…")]
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The key's id, key_…; never the key itself.")]
Expires = Annotated[str | None, typer.Option(help="When it ends, like 2027-06-30T00:00:00Z. Default: never by itself.")]
Request = Annotated[
    str | None,
    typer.Option("--request-key", help="A name of this request: asked again, it is done once. Default: a new one."),
]


@users.command("list")
def list_users(*, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """List users, the disabled ones too."""

    async def work(client: GatewayClient) -> None:
        await write_all(client, "/users", user_line, {}, as_json=as_json)

    with_client(url, api_key, work)


@users.command("create")
def create_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="For people.")],
    *,
    role: Annotated[Role, typer.Option(help="The most that any of their keys may do.")],
    request_key: Request = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Make a user, who has no key yet."""

    async def work(client: GatewayClient) -> None:
        user = await _change(client, "POST", "/users", {"name": name, "role": role.value}, request_key)
        write(user, user_line, as_json=as_json)

    with_client(url, api_key, work)


@users.command("update")
def update_user(
    user: UserArgument,
    *,
    name: Annotated[str | None, typer.Option(help="For people.")] = None,
    role: Annotated[Role | None, typer.Option(help="The most that any of their keys may do.")] = None,
    disabled: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Shut all of their keys out, or let them in again.")
    ] = None,
    request_key: Request = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Change a user. What becomes less holds for all of their keys at once."""
    asked = {"name": name, "role": role and role.value, "disabled": disabled}
    changes = {field: value for field, value in asked.items() if value is not None}

    async def work(client: GatewayClient) -> None:
        changed = await _change(client, "PATCH", f"/users/{parse_user_id(user)}", changes, request_key)
        write(changed, user_line, as_json=as_json)

    with_client(url, api_key, work)


@keys.command("list")
def list_keys(
    *,
    user: Annotated[str | None, typer.Option(help="Only this user's.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List keys, those that have ended too. The keys themselves are nowhere."""

    async def work(client: GatewayClient) -> None:
        params = {} if user is None else {"user_id": user}
        await write_all(client, "/api-keys", key_line, params, as_json=as_json)

    with_client(url, api_key, work)


@keys.command("create")
def create_key(
    user: UserArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="For people.")],
    *,
    role: Annotated[Role, typer.Option(help="What it may do, at most what its user may.")],
    session: Annotated[list[str] | None, typer.Option(help="A session that it may see; may be repeated. All.")] = None,
    expires: Expires = None,
    request_key: Request = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Make a key, and print it: this once."""
    asked = {"user_id": user, "name": name, "role": role.value, "session_ids": session or [], "expires_at": expires}

    async def work(client: GatewayClient) -> None:
        _issued(await _change(client, "POST", "/api-keys", asked, request_key), as_json=as_json)

    with_client(url, api_key, work)


@keys.command("rotate")
def rotate_key(
    key_id: KeyArgument,
    *,
    overlap: Annotated[
        int | None, typer.Option(help="Seconds for which the old one goes on; 0 ends it at once. A day.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="When the successor ends. Default: it lasts as long as the old one was to.")
    ] = None,
    request_key: Request = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Make a key's successor, which may do the same, and print it: this once."""
    asked = {"expires_at": expires} | ({} if overlap is None else {"overlap": overlap})

    async def work(client: GatewayClient) -> None:
        path = f"/api-keys/{parse_api_key_id(key_id)}/rotate"
        _issued(await _change(client, "POST", path, asked, request_key), as_json=as_json)

    with_client(url, api_key, work)


@keys.command("revoke")
def revoke_key(key_id: KeyArgument, *, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """End a key for good, on every gateway and with the streams that it has open."""

    async def work(client: GatewayClient) -> None:
        revoked = await client.call("POST", f"/api-keys/{parse_api_key_id(key_id)}/revoke")
        write(revoked, key_line, as_json=as_json)

    with_client(url, api_key, work)


async def _change(client: GatewayClient, method: str, path: str, body: Json, request_key: str | None) -> Json:
    """Asks under a key of its own: whoever isn't answered may ask again."""
    request = uuid.uuid4().hex if request_key is None else request_key
    try:
        return await client.call(method, path, body=body, key=request)
    except UnavailableError:
        hint = f"Whether it was done isn't known: ask again with --request-key {request}, and it is done once."
        err().print(hint, markup=False)
        raise


def _issued(issued: Json, *, as_json: bool) -> None:
    """The key alone goes to standard output, for whoever keeps it in a variable."""
    if issued["secret"] is None:
        raise ConflictError(
            "API_KEY_TOLD",
            f"This request was answered before, and the key isn't told again. If it is lost: "
            f"pombo keys rotate --overlap 0 {issued['id']}",
            metadata={"key_id": str(issued["id"])},
        )
    if as_json:
        write(issued, key_line, as_json=True)
        return
    err().print(f"{key_line(issued)}\nThe key, shown this once:", markup=False)
    out().print(issued["secret"], markup=False)
