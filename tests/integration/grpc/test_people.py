"""Chats, people, presence and calls over gRPC, with the reasons that REST gives."""

import grpc.aio
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from adapters.memory.driver import MemoryWhatsApp
from entrypoints.grpc.gen.pombo.v1 import call_service_pb2, contact_service_pb2, presence_pb2, presence_service_pb2
from entrypoints.grpc.gen.pombo.v1 import chat_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.call_service_pb2_grpc import CallServiceStub
from entrypoints.grpc.gen.pombo.v1.chat_service_pb2_grpc import ChatServiceStub
from entrypoints.grpc.gen.pombo.v1.contact_service_pb2_grpc import ContactServiceStub
from entrypoints.grpc.gen.pombo.v1.presence_service_pb2_grpc import PresenceServiceStub
from tests.unit.application.world import ANA, BEN, SESSION, World

from .gateway import Gateway, info

BEN_ID = f"{BEN}@c.us"


async def test_a_chat_is_listed_changed_and_deleted(gateway: Gateway, world: World, whatsapp: MemoryWhatsApp) -> None:
    await world.linked()
    whatsapp.phone_sends(BEN, ANA, "hello")
    chats = ChatServiceStub(gateway.channel)
    [chat] = (await chats.ListChats(pb.ListChatsRequest(session_id=SESSION))).chats
    assert (chat.id, chat.phone, chat.unread_count) == (BEN_ID, BEN_ID, 1)
    request = pb.UpdateChatRequest(session_id=SESSION, chat_id=BEN, archived=True, muted=True, unread=False)
    changed = (await chats.UpdateChat(request)).chat
    assert (changed.archived, changed.muted, changed.HasField("mute_end_time"), changed.unread_count) == (
        True,
        True,
        False,
        0,
    )
    fetched = await chats.FetchChatHistory(pb.FetchChatHistoryRequest(session_id=SESSION, chat_id=BEN))
    assert ([message.text.body for message in fetched.messages], fetched.more) == (["hello"], False)
    await chats.DeleteChat(pb.DeleteChatRequest(session_id=SESSION, chat_id=BEN))
    with pytest.raises(grpc.aio.AioRpcError) as gone:
        await chats.GetChat(pb.GetChatRequest(session_id=SESSION, chat_id=BEN))
    assert (gone.value.code(), info(gone.value).reason) == (grpc.StatusCode.NOT_FOUND, "CHAT_NOT_FOUND")


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (pb.UpdateChatRequest(session_id=SESSION, chat_id=BEN), "INVALID_REQUEST"),
        (
            pb.UpdateChatRequest(session_id=SESSION, chat_id=BEN, mute_end_time=Timestamp(seconds=4_000_000_000)),
            "INVALID_REQUEST",
        ),
        (
            pb.UpdateChatRequest(session_id=SESSION, chat_id=BEN, muted=True, mute_end_time=Timestamp(seconds=1)),
            "INVALID_TIME",
        ),
        (pb.UpdateChatRequest(session_id=SESSION, chat_id="x", archived=True), "INVALID_PHONE"),
    ],
)
async def test_what_is_no_change_is_refused(
    gateway: Gateway, world: World, request_: pb.UpdateChatRequest, reason: str
) -> None:
    await world.linked()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await ChatServiceStub(gateway.channel).UpdateChat(request_)
    assert info(refused.value).reason == reason


async def test_people_presence_and_calls(gateway: Gateway, world: World, whatsapp: MemoryWhatsApp) -> None:
    await world.linked()
    whatsapp.account(BEN).people.username = "ben.b"
    contacts = ContactServiceStub(gateway.channel)
    asked = contact_service_pb2.CheckContactsRequest(session_id=SESSION, contacts=[BEN, "@ben.b", "15559998888"])
    assert [each.exists for each in (await contacts.CheckContacts(asked)).contacts] == [True, True, False]
    save = contact_service_pb2.SaveContactRequest(session_id=SESSION, contact_id=BEN, first_name="Benedita")
    assert (await contacts.SaveContact(save)).contact.name == "Benedita"
    block = contact_service_pb2.BlockContactRequest(session_id=SESSION, contact_id=BEN)
    assert (await contacts.BlockContact(block)).contact.blocked
    listed = await contacts.ListBlockedContacts(contact_service_pb2.ListBlockedContactsRequest(session_id=SESSION))
    assert [contact.id for contact in listed.contacts] == [BEN_ID]
    await contacts.UnblockContact(contact_service_pb2.UnblockContactRequest(session_id=SESSION, contact_id=BEN))
    whose = contact_service_pb2.GetContactIdentityRequest(session_id=SESSION, contact_id="@ben.b")
    assert (await contacts.GetContactIdentity(whose)).identity.contact_id == BEN_ID

    presence = PresenceServiceStub(gateway.channel)
    composing = presence_service_pb2.SetActivityRequest(
        session_id=SESSION, chat_id=BEN, activity=presence_pb2.ACTIVITY_COMPOSING
    )
    await presence.SetActivity(composing)
    assert [each.value for each in whatsapp.account(BEN).people.typing.values()] == ["COMPOSING"]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await presence.SetActivity(presence_service_pb2.SetActivityRequest(session_id=SESSION, chat_id=BEN))
    assert info(refused.value).reason == "INVALID_REQUEST"
    watch = presence_service_pb2.SubscribePresenceRequest(session_id=SESSION, chat_id=BEN)
    assert (await presence.SubscribePresence(watch)).presence.chat_id == BEN_ID

    calls = CallServiceStub(gateway.channel)
    call = whatsapp.call(BEN, ANA)
    [ringing] = (await calls.ListCalls(call_service_pb2.ListCallsRequest(session_id=SESSION))).calls
    assert (ringing.id, getattr(ringing, "from")) == (call.id, BEN_ID)
    reject = call_service_pb2.RejectCallRequest(session_id=SESSION, call_id=call.id)
    assert (await calls.RejectCall(reject)).call.id == call.id


async def test_history_and_the_end_of_a_subscription_once_per_request_id(
    gateway: Gateway, world: World, whatsapp: MemoryWhatsApp
) -> None:
    await world.linked()
    chats, presence = ChatServiceStub(gateway.channel), PresenceServiceStub(gateway.channel)
    whatsapp.mute(SESSION)
    whatsapp.phone_sends(BEN, ANA, "m0")
    fetch = pb.FetchChatHistoryRequest(session_id=SESSION, chat_id=BEN, limit=1, request_id="r1")
    first = await chats.FetchChatHistory(fetch)
    assert ([message.text.body for message in first.messages], first.added_count, first.more) == (["m0"], 1, False)
    whatsapp.phone_sends(BEN, ANA, "m1")
    assert await chats.FetchChatHistory(fetch) == first

    watch = presence_service_pb2.SubscribePresenceRequest(session_id=SESSION, chat_id=BEN)
    end = presence_service_pb2.UnsubscribePresenceRequest(session_id=SESSION, chat_id=BEN, request_id="r2")
    counts = []
    for _ in range(2):
        await presence.SubscribePresence(watch)
        await presence.UnsubscribePresence(end)
        async with world.database.begin() as uow:
            counts.append(len(await uow.people.watched(SESSION)))
    assert counts == [0, 1]

    fetch.limit = 2
    end.request_id = "r1"
    for call in (chats.FetchChatHistory(fetch), presence.UnsubscribePresence(end)):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert info(refused.value).reason == "IDEMPOTENCY_KEY_REUSED"
