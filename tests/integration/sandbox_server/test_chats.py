"""What a person does with chats, from a phone or a device, and what the others of the devices are told."""

import pytest

from .device import Device, RequestError
from .world import World

ADA, BOB, CYD = "15550001", "15550002", "15550003"


async def _chat(world: World, phone: str, chat: str) -> dict[str, object]:
    chats = (await world.get(f"/accounts/{phone}/chats"))["chats"]
    return next(each for each in chats if each["chat"] == f"{chat}@c.us")


async def _changed(device: Device, kind: str = "chat_state") -> dict[str, object]:
    await device.until(lambda: bool(device.named(kind)))
    return device.named(kind)[-1]


async def test_a_change_is_kept_and_told_to_the_other_devices_alone(world: World) -> None:
    one, other = await world.linked(ADA), await world.linked(ADA)
    await world.post(f"/accounts/{BOB}/send", {"to": ADA, "text": "hi"})
    answer = await one.ask(t="iq", op="chat_state", chat=f"{BOB}@c.us", change={"archived": True})
    assert answer["archived"] is True
    told = await _changed(other)
    assert (told["chat"], told["change"]) == (f"{BOB}@c.us", {"archived": True})
    assert (await _chat(world, ADA, BOB))["archived"] is True
    assert (await _chat(world, BOB, ADA))["archived"] is False
    await world.post(f"/accounts/{ADA}/chat", {"chat": BOB, "muted_until_s": -1, "marked_unread": True}, 200)
    await one.until(lambda: len(one.named("chat_state")) == 1)
    assert one.named("chat_state")[0]["change"] == {"muted_until_s": -1, "marked_unread": True}


async def test_what_changes_nothing_is_told_to_nobody(world: World) -> None:
    one, other = await world.linked(ADA), await world.linked(ADA)
    for _ in range(2):
        await one.ask(t="iq", op="chat_state", chat=f"{BOB}@c.us", change={"pinned": True})
    await one.ask(t="iq", op="chat_state", chat=f"{BOB}@c.us", change={"archived": True})
    await other.until(lambda: len(other.named("chat_state")) == 2)
    assert [list(frame["change"]) for frame in other.named("chat_state")] == [["pinned_s"], ["archived"]]


async def test_a_fourth_chat_cannot_be_pinned(world: World) -> None:
    ada = await world.linked(ADA)
    for number in range(4):
        await world.account(f"1555010{number}", "P")
    for number in range(3):
        await ada.ask(t="iq", op="chat_state", chat=f"1555010{number}@c.us", change={"pinned": True})
    with pytest.raises(RequestError) as refused:
        await ada.ask(t="iq", op="chat_state", chat="15550103@c.us", change={"pinned": True})
    assert refused.value.code == 409
    await ada.ask(t="iq", op="chat_state", chat="15550100@c.us", change={"pinned": False})
    await ada.ask(t="iq", op="chat_state", chat="15550103@c.us", change={"pinned": True})


@pytest.mark.parametrize(
    "change", [None, {}, {"archived": 1}, {"colour": True}, {"muted_until_s": True}, {"muted_until_s": -2}, [], "x"]
)
async def test_what_is_no_change_is_refused(world: World, change: object) -> None:
    ada = await world.linked(ADA)
    with pytest.raises(RequestError) as refused:
        await ada.ask(t="iq", op="chat_state", chat=f"{BOB}@c.us", change=change)
    assert refused.value.code == 400


async def test_clearing_takes_what_was_known_and_leaves_the_other_side_alone(world: World) -> None:
    one, other = await world.linked(ADA), await world.linked(ADA)
    ids = [(await world.post(f"/accounts/{BOB}/send", {"to": ADA, "text": f"m{number}"}))["id"] for number in range(4)]
    await one.ask(t="iq", op="chat_clear", chat=f"{BOB}@c.us", last=ids[2], keep=[ids[0]])
    assert [held["body"] for held in await world.log(ADA, BOB)] == ["m0", "m3"]
    assert [held["body"] for held in await world.log(BOB, ADA)] == ["m0", "m1", "m2", "m3"]
    told = await _changed(other, "chat_cleared")
    assert (told["chat"], told["last"], told["keep"], told["deleted"]) == (f"{BOB}@c.us", ids[2], [ids[0]], False)
    assert (await _chat(world, ADA, BOB))["unread"] == 2


async def test_a_cleared_chat_stays_in_the_list_and_a_deleted_one_goes(world: World) -> None:
    await world.linked(ADA)
    await world.post(f"/accounts/{BOB}/send", {"to": ADA, "text": "hi"})
    await world.post(f"/accounts/{ADA}/clear", {"chat": BOB}, 200)
    assert await world.log(ADA, BOB) == []
    assert (await _chat(world, ADA, BOB))["unread"] == 0
    await world.post(f"/accounts/{ADA}/delete-chat", {"chat": BOB}, 200)
    assert (await world.get(f"/accounts/{ADA}/chats"))["chats"] == []
    # A new message makes a new chat, with nothing of the old one's state.
    await world.post(f"/accounts/{BOB}/send", {"to": ADA, "text": "again"})
    assert [held["body"] for held in await world.log(ADA, BOB)] == ["again"]


async def test_older_messages_come_from_the_phone_page_by_page(world: World) -> None:
    for number in range(130):
        await world.post(f"/accounts/{BOB}/send", {"to": ADA, "text": f"m{number}"})
    ada = await world.linked(ADA)
    history = [message for frame in ada.named("history") for message in frame["messages"]]
    assert len(history) == 100
    assert [chat["more"] for frame in ada.named("history") for chat in frame["chats"]] == [True]
    page = await ada.ask(t="iq", op="history", chat=f"{BOB}@c.us", before=history[0]["id"], count=20)
    assert [each["content"]["body"] for each in page["messages"]] == [f"m{number}" for number in range(10, 30)]
    assert page["more"] is True
    rest = await ada.ask(t="iq", op="history", chat=f"{BOB}@c.us", before=page["messages"][0]["id"], count=20)
    assert ([each["content"]["body"] for each in rest["messages"]], rest["more"]) == (
        [f"m{number}" for number in range(10)],
        False,
    )
    await world.patch(ADA, online=False)
    with pytest.raises(RequestError) as refused:
        await ada.ask(t="iq", op="history", chat=f"{BOB}@c.us", before=None, count=5)
    assert refused.value.code == 503


async def test_a_linked_device_gets_the_states_with_the_history(world: World) -> None:
    await world.post(f"/accounts/{BOB}/send", {"to": ADA, "text": "hi"})
    await world.post(f"/accounts/{ADA}/chat", {"chat": BOB, "archived": True, "pinned": True}, 200)
    ada = await world.linked(ADA)
    [chat] = ada.named("history")[0]["chats"]
    assert chat["state"]["archived"] is True
    assert chat["state"]["pinned_s"] > 0
