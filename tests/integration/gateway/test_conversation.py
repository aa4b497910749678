"""Groups over both transports, and what is refused: on one running gateway, with the effects on others' phones."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests import media_files

from .conftest import ANA, BEN
from .conversation import CLARA, DINA, EVA, NOBODY, Conversation
from .outcomes import OUTCOMES, Outcome
from .processes import until
from .transport import SESSION, RefusedError, Transport

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def conversation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Conversation]:
    async with Conversation.run(tmp_path_factory.mktemp("conversation")) as conversation:
        yield conversation


@pytest.fixture
def api(conversation: Conversation, over: str) -> Transport:
    return conversation.over[over]


def jid(phone: str) -> str:
    return f"{phone}@c.us"


async def refused(call: Any) -> str:
    with pytest.raises(RefusedError) as error:
        await call
    return error.value.reason


async def test_a_founded_group_and_its_people(conversation: Conversation, api: Transport, over: str) -> None:
    subject, people = f"Pigeons {over}", [BEN, CLARA, EVA]
    created = await api.create(subject, people, f"found {over}")
    group = created["group"]["id"]
    results = {result["asked"]: (result["outcome"], bool(result["invite_code"])) for result in created["results"]}
    assert results == {jid(BEN): ("DONE", False), jid(CLARA): ("DONE", False), jid(EVA): ("INVITE_NEEDED", True)}
    assert (created["group"]["subject"], created["group"]["role"]) == (subject, "SUPERADMIN")
    # The same key once more is the same group; with something else it is refused.
    assert (await api.create(subject, people, f"found {over}"))["group"]["id"] == group
    assert await refused(api.create(subject, [BEN], f"found {over}")) == "IDEMPOTENCY_KEY_REUSED"
    shown = await conversation.phone(BEN, "GET", "/groups")
    assert [each["id"] for each in shown["groups"] if each["subject"] == subject] == [group]
    assert await conversation.roles(BEN, group) == {ANA: "superadmin", BEN: "member", CLARA: "member"}

    assert await api.change(group, "ADD", DINA, BEN, NOBODY) == {
        jid(DINA): "DONE",
        jid(BEN): "ALREADY_MEMBER",
        jid(NOBODY): "NUMBER_NOT_ON_WHATSAPP",
    }
    assert await api.change(group, "PROMOTE", BEN, EVA) == {jid(BEN): "DONE", jid(EVA): "NOT_GROUP_MEMBER"}
    assert (await conversation.roles(DINA, group))[BEN] == "admin"
    assert await api.change(group, "DEMOTE", BEN) == {jid(BEN): "DONE"}
    assert await api.change(group, "REMOVE", CLARA) == {jid(CLARA): "DONE"}
    assert await conversation.roles(BEN, group) == {ANA: "superadmin", BEN: "member", DINA: "member"}
    found = await api.group(group)
    assert (found["size"], len(found["participants"])) == (3, 3)
    assert [each["size"] for each in await api.groups() if each["id"] == group] == [3]

    await conversation.until_told(group, "group.joined", subject=subject)
    for action in ("ADD", "PROMOTE", "DEMOTE", "REMOVE"):
        told = await conversation.until_told(group, "group.participants", action=action)
        assert (len(told["participants"]), told["by_themselves"]) == (1, False), told
    assert len(await conversation.told(group, "group.participants")) == 4

    await api.leave(group)
    await api.leave(group)  # It is left already.
    assert ANA not in await conversation.roles(BEN, group)
    await conversation.until_told(group, "group.left", removed=False)
    assert await refused(api.change(group, "ADD", CLARA)) == "NOT_GROUP_MEMBER"


async def test_what_a_group_shows_and_how_it_is_run(conversation: Conversation, api: Transport, over: str) -> None:
    group = (await api.create(f"Doves {over}", [BEN], ""))["group"]["id"]
    changes: dict[str, Any] = {
        "subject": f"White doves {over}",
        "description": "of peace",
        "announce": True,
        "restrict": True,
        "member_add_mode": "ADMINS",
        "join_approval": True,
        "ephemeral_seconds": 86_400,
    }
    changed = await api.update(group, **changes)
    settings = changed.pop("settings")
    assert {name: changed.get(name, settings.get(name)) for name in changes} == changes
    await api.picture(group, media_files.picture())
    shown = await conversation.phone(BEN, "GET", f"/groups/{group}")
    names = ("subject", "description", "announce", "restrict", "member_add", "approval", "ephemeral_s")
    assert [shown[name] for name in names] == [changes["subject"], "of peace", True, True, "admin", True, 86_400]
    assert shown["picture"] is not None
    assert await refused(api.picture(group, b"no picture")) == "PICTURE_UNREADABLE"
    await api.picture(group, None)
    assert (await conversation.phone(BEN, "GET", f"/groups/{group}"))["picture"] is None
    # What is so already stays so, and is told of no second time.
    assert (await api.update(group, subject=f"White doves {over}"))["subject"] == changes["subject"]
    for kind in ("DESCRIPTION", "ANNOUNCE", "RESTRICT", "MEMBER_ADD_MODE", "JOIN_APPROVAL", "EPHEMERAL", "PICTURE"):
        await conversation.until_told(group, "group.updated", changed=kind)
    told = [event["payload"] for event in await conversation.told(group, "group.updated")]
    assert [each["value"] for each in told if each["changed"] == "SUBJECT"] == [changes["subject"]]


async def test_who_is_let_in(conversation: Conversation, api: Transport, over: str) -> None:
    group = (await api.create(f"Ravens {over}", [BEN], ""))["group"]["id"]
    old = await api.code(group)
    code = await api.revoke_code(group)
    assert (old != code, await api.code(group)) == (True, code)
    assert await refused(api.preview(old)) == "INVITE_REVOKED"
    assert await refused(api.join("A" * 22)) == "INVITE_INVALID"
    await api.update(group, join_approval=True)
    preview = await api.preview(code)
    assert (preview["id"], preview["subject"], preview["join_approval"]) == (group, f"Ravens {over}", True)

    for phone in (CLARA, DINA):
        assert (await conversation.phone(phone, "POST", "/join", {"code": code}))["pending"] is True
    await conversation.until_told(group, "group.request", state="PENDING")

    async def both() -> list[dict[str, Any]] | None:
        listed = await api.requests(group)
        return listed if len(listed) == 2 else None

    assert {each["method"] for each in await until(both)} == {"LINK"}
    assert await api.decide(group, CLARA, approve=True, key=f"let in {over}") == {jid(CLARA): "DONE"}
    assert await api.decide(group, CLARA, approve=True, key=f"let in {over}") == {jid(CLARA): "DONE"}
    assert await api.decide(group, DINA, approve=False) == {jid(DINA): "DONE"}
    assert await api.decide(group, EVA, approve=True) == {jid(EVA): "REQUEST_NOT_FOUND"}
    assert set(await conversation.roles(CLARA, group)) == {ANA, BEN, CLARA}
    assert await api.requests(group) == []
    for state in ("APPROVED", "REJECTED"):
        await conversation.until_told(group, "group.request", state=state)
    states = [event["payload"]["state"] for event in await conversation.told(group, "group.request")]
    assert (states.count("APPROVED"), states.count("REJECTED")) == (1, 1)


async def test_other_people_s_groups(conversation: Conversation, api: Transport, over: str) -> None:
    group = await conversation.found(BEN, f"Gulls {over}", CLARA)
    code = (await conversation.phone(BEN, "GET", f"/groups/{group}/invite-code"))["code"]
    assert (await api.preview(code))["size"] == 2
    assert await api.join(code) == {"group_id": group, "pending": False}
    assert await api.join(code) == {"group_id": group, "pending": False}
    assert (await conversation.roles(CLARA, group))[ANA] == "member"
    await conversation.until_told(group, "group.joined")
    await conversation.act(BEN, group, "remove", ANA)
    await conversation.until_told(group, "group.left", removed=True)

    await conversation.set(BEN, group, "approval", value=True)
    assert await api.join(code) == {"group_id": group, "pending": True}
    waiting = (await conversation.phone(BEN, "GET", f"/groups/{group}/requests"))["requests"]
    assert len(waiting) == 1
    body = {"decision": "approve", "participants": [ANA]}
    await conversation.phone(BEN, "POST", f"/groups/{group}/requests", body)

    async def in_again() -> bool | None:
        return len(await conversation.told(group, "group.joined")) == 2 or None

    await until(in_again)
    assert (await api.group(group))["role"] == "MEMBER"


@pytest.mark.parametrize("outcome", OUTCOMES, ids=str)
async def test_what_is_refused_has_one_reason_everywhere(conversation: Conversation, outcome: Outcome) -> None:
    await outcome.check(conversation)


async def test_a_number_without_an_account_is_the_failure_of_one_message_of_many(conversation: Conversation) -> None:
    """Of many messages nobody is looked up before they are accepted."""
    content = {"session_id": SESSION, "type": "text", "text": {"body": "to many"}}
    answer = await conversation.gateway.call(
        "POST", "/api/v1/messages/bulk", {"messages": [{**content, "to": phone} for phone in (NOBODY, BEN)]}
    )
    lost, sent = (result["message"]["id"] for result in answer["results"])

    async def failed() -> dict[str, str] | None:
        events = await conversation.gateway.events("message.failed")
        messages = [event["payload"]["message"] for event in events]
        assert sent not in [message["id"] for message in messages]
        return {message["id"]: message["error"]["reason"] for message in messages if message["id"] == lost} or None

    assert await until(failed) == {lost: "NUMBER_NOT_ON_WHATSAPP"}
    for api in conversation.over.values():
        assert await api.failure(lost) == "NUMBER_NOT_ON_WHATSAPP"
