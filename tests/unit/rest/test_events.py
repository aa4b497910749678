import pytest

from .gateway import Client, Gateway

EVENTS = "/api/v1/events"


async def test_a_list_goes_on_where_it_ended(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    everything = (await client.get(EVENTS)).json()
    assert everything["items"][0]["type"] == "session.status"
    assert [event["sequence"] for event in everything["items"]] == list(range(1, len(everything["items"]) + 1))
    assert everything["next_page_token"] == str(len(everything["items"]))

    for name in ("after", "page_token"):
        seen, cursor = [], "0"
        while page := (await client.get(f"{EVENTS}?page_size=2&{name}={cursor}")).json()["items"]:
            seen += page
            cursor = str(page[-1]["sequence"])
        assert seen == everything["items"]
    end = (await client.get(f"{EVENTS}?after={everything['next_page_token']}")).json()
    assert end == {"items": [], "next_page_token": everything["next_page_token"]}


async def test_a_list_of_some(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    statuses = (await client.get(f"{EVENTS}?types=session.status,session.qr&session_id=ana")).json()["items"]
    assert {event["type"] for event in statuses} == {"session.status", "session.qr"}
    assert (await client.get(f"{EVENTS}?session_id=ben")).json()["items"] == []
    assert (await client.get(f"{EVENTS}?types=message.sent")).json()["items"] == []


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize(
    ("query", "reason", "field"),
    [
        ("after=1000000", "INVALID_CURSOR", "after"),
        ("after=-1", "INVALID_CURSOR", "after"),
        ("after=evt_1", "INVALID_CURSOR", "after"),
        ("after=99999999999999999999", "INVALID_CURSOR", "after"),
        ("page_token=x", "INVALID_CURSOR", "page_token"),
        ("after=", "INVALID_CURSOR", "after"),
        ("page_token=", "INVALID_CURSOR", "page_token"),
        ("session_id=", "INVALID_SESSION_ID", "session_id"),
        ("after=1&page_token=2", "INVALID_REQUEST", "page_token"),
        ("types=message.sent,nonsense", "UNKNOWN_EVENT_TYPE", "types"),
        ("session_id=A", "INVALID_SESSION_ID", "session_id"),
        ("type=message.sent", "INVALID_REQUEST", "type"),
    ],
)
async def test_bad_queries_get_a_status(client: Client, accept: str, query: str, reason: str, field: str) -> None:
    answer = await client.get(f"{EVENTS}?{query}", accept=accept)
    assert (answer.status, answer.reason, answer.fields) == (400, reason, [field])


async def test_a_bad_last_event_id_gets_a_status(client: Client) -> None:
    answer = await client.get(EVENTS, accept="text/event-stream", last_event_id="soon")
    assert (answer.status, answer.reason, answer.fields) == (400, "INVALID_CURSOR", ["Last-Event-ID"])


async def test_a_cursor_beyond_the_end_is_told_by_the_name_it_came_under(client: Client) -> None:
    stream = await client.get(EVENTS, accept="text/event-stream", last_event_id="999")
    assert (stream.reason, stream.fields) == ("INVALID_CURSOR", ["Last-Event-ID"])
    assert (await client.get(f"{EVENTS}?page_token=999")).fields == ["page_token"]
    assert (await client.get(f"{EVENTS}?after=999")).fields == ["after"]


async def test_neither_form(client: Client) -> None:
    answer = await client.get(EVENTS, accept="text/html")
    assert (answer.status, answer.reason) == (406, "NOT_ACCEPTABLE")


async def test_page_size(client: Client) -> None:
    assert (await client.get(f"{EVENTS}?page_size=1001")).reason == "INVALID_PAGE_SIZE"
