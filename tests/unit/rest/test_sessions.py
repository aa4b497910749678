import pytest

from domain.session import SessionStatus

from .gateway import ANA, Client, Gateway

API = "/api/v1/sessions"


async def test_create_get_list_update_delete(client: Client) -> None:
    created = await client.post(API, {"id": "ana", "name": "Ana", "start": False, "metadata": {"team": "a"}})
    assert created.status == 201
    assert created.headers["location"] == "/api/v1/sessions/ana"
    session = created.json()
    assert (session["id"], session["name"], session["status"], session["wanted"]) == (
        "ana",
        "Ana",
        "STOPPED",
        "STOPPED",
    )
    assert (await client.get(f"{API}/ana")).json() == session
    changed = await client.call("PATCH", f"{API}/ana", json_body={"name": "Ana B."})
    assert (changed.json()["name"], changed.json()["metadata"]) == ("Ana B.", {"team": "a"})
    listed = await client.get(API)
    assert [item["id"] for item in listed.json()["items"]] == ["ana"]
    assert listed.json()["next_page_token"] is None
    deleted = await client.call("DELETE", f"{API}/ana")
    assert (deleted.status, deleted.body) == (204, b"")
    gone = await client.get(f"{API}/ana")
    assert (gone.status, gone.reason) == (404, "SESSION_NOT_FOUND")


async def test_an_id_is_generated_and_the_session_starts_by_default(gateway: Gateway, client: Client) -> None:
    created = (await client.post(API, {})).json()
    assert created["wanted"] == "RUNNING"
    await gateway.reach(SessionStatus.SCAN_QR_CODE, created["id"])


async def test_pages(client: Client) -> None:
    for name in ("a", "b", "c"):
        await client.post(API, {"id": name, "start": False})
    first = (await client.get(f"{API}?page_size=2")).json()
    second = (await client.get(f"{API}?page_size=2&page_token={first['next_page_token']}")).json()
    assert [[item["id"] for item in page["items"]] for page in (first, second)] == [["a", "b"], ["c"]]
    assert second["next_page_token"] is None


@pytest.mark.parametrize(
    ("query", "reason", "field"),
    [
        ("page_size=0", "INVALID_PAGE_SIZE", "page_size"),
        ("page_size=501", "INVALID_PAGE_SIZE", "page_size"),
        ("page_size=many", "INVALID_REQUEST", "page_size"),
        ("page_token=%21", "INVALID_PAGE_TOKEN", "page_token"),
        ("pagesize=2", "INVALID_REQUEST", "pagesize"),
    ],
)
async def test_bad_pages(client: Client, query: str, reason: str, field: str) -> None:
    answer = await client.get(f"{API}?{query}")
    assert (answer.status, answer.reason, answer.fields) == (400, reason, [field])


@pytest.mark.parametrize(
    ("body", "reason", "fields"),
    [
        ({"id": "No Slug"}, "INVALID_SESSION_ID", ["id"]),
        ({"id": "a", "name": ""}, "INVALID_NAME", ["name"]),
        ({"id": "a", "metadata": {"": "x"}}, "INVALID_METADATA", ["metadata"]),
        ({"id": "a", "metadata": {"k": 1}}, "INVALID_REQUEST", ["metadata.k"]),
        ({"id": "a", "start": "yes"}, "INVALID_REQUEST", ["start"]),
        ({"id": "a", "proxy": "http://p", "x": 1}, "INVALID_REQUEST", ["proxy", "x"]),
        ({"id": "a", "proxy": {}}, "INVALID_REQUEST", ["proxy.url"]),
        ({"id": "a", "proxy": {"url": 1, "password": 2}}, "INVALID_REQUEST", ["proxy.url", "proxy.password"]),
        ({"id": "a", "proxy": {"url": "http://p"}}, "INVALID_PROXY", ["proxy.url"]),
        ({"id": "a", "proxy": {"url": "http://p:1", "password": "x"}}, "INVALID_PROXY", ["proxy.username"]),
        ({"id": "a", "proxy": {"url": "socks5://p:1", "username": "x"}}, "INVALID_PROXY", ["proxy.password"]),
        ({"id": "a", "proxy": {"url": "http://private.test:1"}}, "PROXY_TARGET_REFUSED", ["proxy.url"]),
        ([], "INVALID_REQUEST", ["body"]),
        ("text", "INVALID_REQUEST", ["body"]),
    ],
)
async def test_bad_bodies_create_nothing(
    gateway: Gateway, client: Client, body: object, reason: str, fields: list[str]
) -> None:
    answer = await client.post(API, body)
    assert (answer.status, answer.reason, answer.fields) == (400, reason, fields)
    assert (await client.get(API)).json()["items"] == []
    assert await gateway.event_head() == 0


async def test_an_id_is_taken_once(client: Client) -> None:
    await client.post(API, {"id": "ana", "start": False})
    again = await client.post(API, {"id": "ana", "start": False})
    assert (again.status, again.reason) == (409, "SESSION_EXISTS")


@pytest.mark.parametrize("call", ["GET ", "PATCH ", "DELETE ", "GET /status", "GET /me", "GET /qr", "POST /qr"])
@pytest.mark.parametrize(
    ("id_", "status", "reason"), [("nobody", 404, "SESSION_NOT_FOUND"), ("NO", 400, "INVALID_SESSION_ID")]
)
async def test_unknown_sessions(client: Client, call: str, id_: str, status: int, reason: str) -> None:
    method, path = call.split(" ")
    answer = await client.call(method, f"{API}/{id_}{path}", json_body={} if method == "PATCH" else None)
    assert (answer.status, answer.reason) == (status, reason)


@pytest.mark.parametrize("action", ["start", "stop", "restart", "takeover", "logout"])
async def test_actions_on_unknown_sessions(client: Client, action: str) -> None:
    answer = await client.post(f"{API}/nobody/{action}")
    assert (answer.status, answer.reason) == (404, "SESSION_NOT_FOUND")


async def test_run_link_and_end(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    report = (await client.get(f"{API}/ana/status")).json()
    assert report["status"] == "WORKING"
    assert report["history"][0]["status"] == "WORKING"
    assert {"name": "SEND_TEXT", "available": True, "detail": None} in report["capabilities"]
    history = (await client.get(f"{API}/ana/status/history?page_size=2")).json()["items"]
    assert history == report["history"][:2]
    assert (await client.get(f"{API}/ana/status/history?page_size=501")).status == 400
    idle = await client.post(f"{API}/ana/takeover")
    assert (idle.status, idle.reason) == (409, "NOT_IN_CONFLICT")
    assert (await client.get(f"{API}/ana/me")).json()["phone"] == ANA
    linked = await client.get(f"{API}/ana/qr")
    assert (linked.status, linked.reason) == (409, "ALREADY_LINKED")

    stopped = await client.post(f"{API}/ana/stop")
    assert (stopped.status, stopped.json()["status"], stopped.json()["me"]["phone"]) == (200, "STOPPED", ANA)
    assert (await client.get(f"{API}/ana/status")).json()["capabilities"] == []
    idle = await client.post(f"{API}/ana/logout")
    assert (idle.status, idle.reason) == (409, "SESSION_NOT_RUNNING")

    assert (await client.post(f"{API}/ana/start")).json()["wanted"] == "RUNNING"
    await gateway.reach(SessionStatus.WORKING)
    assert (await client.post(f"{API}/ana/restart")).status == 200
    await gateway.reach(SessionStatus.WORKING)

    ended = await client.post(f"{API}/ana/logout")
    assert (ended.status, ended.json()["status"], ended.json()["me"]) == (200, "LOGGED_OUT", None)
    assert gateway.linked_sessions() == set()
    again = await client.post(f"{API}/ana/logout")
    assert (again.status, again.reason) == (409, "NOT_LINKED")
    nobody = await client.get(f"{API}/ana/me")
    assert (nobody.status, nobody.reason) == (409, "NOT_LINKED")


async def test_a_proxy_is_set_replaced_and_taken_away(client: Client) -> None:
    proxy = {"url": "HTTP://Proxy.example:3128", "username": "ana", "password": "secret-4711"}
    created = await client.post(API, {"id": "ana", "start": False, "proxy": proxy})
    shown = {"url": "http://proxy.example:3128", "username": "ana", "has_password": True}
    assert created.json()["proxy"] == shown
    for body, after in (
        ({"name": "Ana"}, shown),
        ({"proxy": {"url": "socks5://[2001:db8::1]:1080"}}, {"url": "socks5://[2001:db8::1]:1080", "username": None}),
        ({"proxy": {"url": "http://p.example:1", "username": "x"}}, {"url": "http://p.example:1", "username": "x"}),
        ({"proxy": None}, None),
    ):
        changed = await client.call("PATCH", f"{API}/ana", json_body=body)
        expected = None if after is None else {"has_password": False, **after}
        assert changed.json()["proxy"] == expected
        assert (await client.get(f"{API}/ana")).json()["proxy"] == expected


async def test_no_answer_to_a_bad_proxy_holds_what_was_given(client: Client) -> None:
    for proxy in (
        {"url": "http://ana:secret-4711@p.example:1"},
        {"url": "http://p.example:1", "password": "secret-4711"},
        {"url": "http://p.example:1", "username": "secret-4711:", "password": "secret-4711"},
        {"url": "http://p.example:1", "secret-4711": "x", "password": ["secret-4711"]},
    ):
        answer = await client.post(API, {"id": "ana", "proxy": proxy})
        assert answer.status == 400
        told = answer.body.decode().replace('"proxy.secret-4711"', "")  # a field's name is the caller's own
        assert "secret-4711" not in told, told
