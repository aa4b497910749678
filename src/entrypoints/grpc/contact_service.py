"""ContactService: see proto/pombo/v1/contact_service.proto."""

from typing import Any, Final, override

import grpc.aio

from domain.contact import Name
from entrypoints.grpc.converters.people import (
    business_to_proto,
    contact_to_proto,
    existence_to_proto,
    person_to_proto,
)
from entrypoints.grpc.gen.pombo.v1 import contact_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.contact_service_pb2_grpc import ContactServiceServicer
from entrypoints.grpc.request_keys import key_of
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE: Final = 100


class ContactService(ContactServiceServicer):
    """The use cases of people over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    @override
    async def ListContacts(self, request: pb.ListContactsRequest, context: Context) -> pb.ListContactsResponse:
        found = await self._use_cases.list_contacts.execute(
            request.session_id,
            saved=request.saved,
            page_token=request.page_token or None,
            limit=request.page_size or _DEFAULT_PAGE,
        )
        return pb.ListContactsResponse(
            contacts=[contact_to_proto(contact) for contact in found.items],
            next_page_token=found.next_page_token or "",
        )

    @override
    async def GetContact(self, request: pb.GetContactRequest, context: Context) -> pb.GetContactResponse:
        contact = await self._use_cases.get_contact.execute(request.session_id, request.contact_id)
        return pb.GetContactResponse(contact=contact_to_proto(contact))

    @override
    async def CheckContacts(self, request: pb.CheckContactsRequest, context: Context) -> pb.CheckContactsResponse:
        found = await self._use_cases.check_existence.execute(request.session_id, tuple(request.contacts))
        return pb.CheckContactsResponse(contacts=[existence_to_proto(each) for each in found])

    @override
    async def GetContactPicture(
        self, request: pb.GetContactPictureRequest, context: Context
    ) -> pb.GetContactPictureResponse:
        url = await self._use_cases.look_up_contact.picture(request.session_id, request.contact_id)
        return pb.GetContactPictureResponse(url=url)

    @override
    async def GetContactAbout(self, request: pb.GetContactAboutRequest, context: Context) -> pb.GetContactAboutResponse:
        about = await self._use_cases.look_up_contact.about(request.session_id, request.contact_id)
        return pb.GetContactAboutResponse(about=about)

    @override
    async def GetBusinessProfile(
        self, request: pb.GetBusinessProfileRequest, context: Context
    ) -> pb.GetBusinessProfileResponse:
        profile = await self._use_cases.look_up_contact.business(request.session_id, request.contact_id)
        return pb.GetBusinessProfileResponse(profile=None if profile is None else business_to_proto(profile))

    @override
    async def ListCommonGroups(
        self, request: pb.ListCommonGroupsRequest, context: Context
    ) -> pb.ListCommonGroupsResponse:
        groups = await self._use_cases.look_up_contact.common_groups(request.session_id, request.contact_id)
        return pb.ListCommonGroupsResponse(group_ids=[str(group) for group in groups])

    @override
    async def GetContactIdentity(
        self, request: pb.GetContactIdentityRequest, context: Context
    ) -> pb.GetContactIdentityResponse:
        person = await self._use_cases.get_identity.execute(request.session_id, request.contact_id)
        return pb.GetContactIdentityResponse(identity=person_to_proto(person))

    @override
    async def SaveContact(self, request: pb.SaveContactRequest, context: Context) -> pb.SaveContactResponse:
        contact = await self._use_cases.save_contact.execute(
            request.session_id,
            request.contact_id,
            Name(first=request.first_name, last=request.last_name),
            on_phone=not request.whatsapp_only,
            request=key_of(request),
        )
        return pb.SaveContactResponse(contact=contact_to_proto(contact))

    @override
    async def RemoveContact(self, request: pb.RemoveContactRequest, context: Context) -> pb.RemoveContactResponse:
        contact = await self._use_cases.remove_contact.execute(
            request.session_id, request.contact_id, request=key_of(request)
        )
        return pb.RemoveContactResponse(contact=contact_to_proto(contact))

    @override
    async def ListBlockedContacts(
        self, request: pb.ListBlockedContactsRequest, context: Context
    ) -> pb.ListBlockedContactsResponse:
        blocked = await self._use_cases.list_blocked.execute(request.session_id)
        return pb.ListBlockedContactsResponse(contacts=[contact_to_proto(contact) for contact in blocked])

    @override
    async def BlockContact(self, request: pb.BlockContactRequest, context: Context) -> pb.BlockContactResponse:
        contact = await self._use_cases.set_blocked.execute(
            request.session_id, request.contact_id, blocked=True, request=key_of(request)
        )
        return pb.BlockContactResponse(contact=contact_to_proto(contact))

    @override
    async def UnblockContact(self, request: pb.UnblockContactRequest, context: Context) -> pb.UnblockContactResponse:
        contact = await self._use_cases.set_blocked.execute(
            request.session_id, request.contact_id, blocked=False, request=key_of(request)
        )
        return pb.UnblockContactResponse(contact=contact_to_proto(contact))
