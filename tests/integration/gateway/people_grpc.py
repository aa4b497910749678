"""Chats, people, presence and calls over gRPC, the answers in REST's form."""

from typing import Any, override

from entrypoints.grpc.gen.pombo.v1 import (
    call_pb2,
    call_service_pb2,
    chat_pb2,
    chat_service_pb2,
    contact_pb2,
    contact_service_pb2,
    presence_pb2,
    presence_service_pb2,
)

from .grpc_transport import Grpc
from .people_transport import PeopleTransport
from .transport import SESSION

_NAMES = {"pin_time": "pinned_at", "mute_end_time": "muted_until", "last_seen_time": "last_seen_at"}


def _whole(kind: Any, told: dict[str, Any]) -> dict[str, Any]:
    """With what is absent as REST tells it, and times as it names them."""
    absent = {field.name: None for field in kind.DESCRIPTOR.fields if field.has_presence}
    return {_NAMES.get(name, name): value for name, value in (absent | told).items()}


class PeopleGrpc(Grpc, PeopleTransport):
    """gRPC."""

    async def _chats(self, name: str, **fields: Any) -> Any:
        return await self._call(f"ChatService/{name}", chat_service_pb2, session_id=SESSION, **fields)

    async def _contacts(self, name: str, **fields: Any) -> Any:
        return await self._call(f"ContactService/{name}", contact_service_pb2, session_id=SESSION, **fields)

    async def _contact(self, name: str, **fields: Any) -> dict[str, Any]:
        return _whole(contact_pb2.Contact, (await self._contacts(name, **fields))["contact"])

    async def _presence(self, name: str, **fields: Any) -> Any:
        return await self._call(f"PresenceService/{name}", presence_service_pb2, session_id=SESSION, **fields)

    async def _calls(self, name: str, **fields: Any) -> Any:
        return await self._call(f"CallService/{name}", call_service_pb2, session_id=SESSION, **fields)

    @override
    async def chats(self, **which: Any) -> tuple[list[dict[str, Any]], str | None]:
        page = await self._chats("ListChats", **which)
        return [_whole(chat_pb2.Chat, chat) for chat in page["chats"]], page["next_page_token"] or None

    @override
    async def chat(self, chat: str) -> dict[str, Any]:
        return _whole(chat_pb2.Chat, (await self._chats("GetChat", chat_id=chat))["chat"])

    @override
    async def update_chat(self, chat: str, **changes: Any) -> dict[str, Any]:
        if "muted_until" in changes:
            changes["mute_end_time"] = changes.pop("muted_until")
        return _whole(chat_pb2.Chat, (await self._chats("UpdateChat", chat_id=chat, **changes))["chat"])

    @override
    async def clear_chat(self, chat: str, *, keep_starred: bool = True) -> dict[str, Any]:
        fields = {} if keep_starred else {"include_starred": True}
        return _whole(chat_pb2.Chat, (await self._chats("ClearChat", chat_id=chat, **fields))["chat"])

    @override
    async def delete_chat(self, chat: str) -> None:
        await self._chats("DeleteChat", chat_id=chat)

    @override
    async def show(self, *, online: bool) -> None:
        await self._presence("SetPresence", online=online)

    @override
    async def act(self, chat: str, activity: str) -> None:
        await self._presence("SetActivity", chat_id=chat, activity=f"ACTIVITY_{activity}")

    @override
    async def subscribe(self, chat: str) -> dict[str, Any]:
        return _whole(presence_pb2.Presence, (await self._presence("SubscribePresence", chat_id=chat))["presence"])

    @override
    async def unsubscribe(self, chat: str) -> None:
        await self._presence("UnsubscribePresence", chat_id=chat)

    @override
    async def contacts(self, **which: Any) -> tuple[list[dict[str, Any]], str | None]:
        page = await self._contacts("ListContacts", **which)
        return [_whole(contact_pb2.Contact, each) for each in page["contacts"]], page["next_page_token"] or None

    @override
    async def contact(self, person: str) -> dict[str, Any]:
        return await self._contact("GetContact", contact_id=person)

    @override
    async def check(self, *people: str) -> list[dict[str, Any]]:
        found = (await self._contacts("CheckContacts", contacts=list(people)))["contacts"]
        return [_whole(contact_pb2.ContactExistence, each) for each in found]

    @override
    async def picture_of(self, person: str) -> str | None:
        url: str | None = (await self._contacts("GetContactPicture", contact_id=person)).get("url")
        return url

    @override
    async def about(self, person: str) -> str | None:
        about: str | None = (await self._contacts("GetContactAbout", contact_id=person)).get("about")
        return about

    @override
    async def business(self, person: str) -> dict[str, Any] | None:
        profile = (await self._contacts("GetBusinessProfile", contact_id=person)).get("profile")
        return None if profile is None else _whole(contact_pb2.BusinessProfile, profile)

    @override
    async def common_groups(self, person: str) -> list[str]:
        groups: list[str] = (await self._contacts("ListCommonGroups", contact_id=person))["group_ids"]
        return groups

    @override
    async def identity(self, person: str) -> dict[str, Any]:
        told = (await self._contacts("GetContactIdentity", contact_id=person))["identity"]
        return _whole(contact_pb2.ContactIdentity, told)

    @override
    async def save(self, person: str, first: str, last: str = "", *, on_phone: bool = True) -> dict[str, Any]:
        more = {} if on_phone else {"whatsapp_only": True}
        return await self._contact("SaveContact", contact_id=person, first_name=first, last_name=last, **more)

    @override
    async def remove(self, person: str) -> dict[str, Any]:
        return await self._contact("RemoveContact", contact_id=person)

    @override
    async def blocked(self) -> list[dict[str, Any]]:
        found = (await self._contacts("ListBlockedContacts"))["contacts"]
        return [_whole(contact_pb2.Contact, each) for each in found]

    @override
    async def block(self, person: str) -> dict[str, Any]:
        return await self._contact("BlockContact", contact_id=person)

    @override
    async def unblock(self, person: str) -> dict[str, Any]:
        return await self._contact("UnblockContact", contact_id=person)

    @override
    async def calls(self) -> list[dict[str, Any]]:
        return [_whole(call_pb2.Call, call) for call in (await self._calls("ListCalls"))["calls"]]

    @override
    async def reject(self, call: str) -> dict[str, Any]:
        return _whole(call_pb2.Call, (await self._calls("RejectCall", call_id=call))["call"])

    @override
    async def messages(self, chat: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._messages("ListMessages", session_id=SESSION, chat_id=chat))[
            "messages"
        ]
        return found

    @override
    async def played(self, message: str) -> dict[str, Any]:
        played: dict[str, Any] = (await self._messages("MarkMessagePlayed", message_id=message))["message"]
        return played
