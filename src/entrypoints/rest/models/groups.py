"""Groups."""

from typing import Any, Final, Literal

from pydantic import ConfigDict, Field

from application.groups.change_group import MAX_PICTURE
from domain.group import (
    EPHEMERAL,
    MAX_DESCRIPTION,
    MAX_PEOPLE,
    MAX_SUBJECT,
    MemberAddMode,
    ParticipantAction,
    ParticipantOutcome,
    RequestMethod,
    RequestState,
    Role,
)
from domain.group_notice import NoticeKind
from entrypoints.rest.models import forms
from entrypoints.rest.models.common import AnswerModel, Integer, OptionalTime, QueryModel, RequestModel

GROUP_ID: Final = "120363000000000001@g.us"
_PERSON: Final = "15550100200@c.us"
_SUBJECT: Final = forms.text(MAX_SUBJECT)
_SECONDS: Final = tuple(int(span.total_seconds()) for span in EPHEMERAL)
_CODE: Final = "AbCdEfGhIjKlMnOpQrStUv"


def _people(least: int = 1) -> Any:
    return Field(
        description="Addresses or phone numbers, the account itself not among them.",
        json_schema_extra={"minItems": least, "maxItems": MAX_PEOPLE, **forms.USERS},
        examples=[["15550100200"]],
    )


class CreateGroup(RequestModel):
    """A group to found."""

    subject: str = Field(description="Its name.", json_schema_extra=_SUBJECT, examples=["Pigeons"])
    participants: list[str] = _people()


class UpdateGroup(RequestModel):
    """What to change of a group, one thing at least; what is absent or null stays."""

    model_config = ConfigDict(json_schema_extra=forms.at_least_one)

    subject: str | None = Field(default=None, description="Its name.", json_schema_extra=_SUBJECT)
    description: str | None = Field(
        default=None,
        description="An empty one takes it away.",
        json_schema_extra=forms.optional_text(MAX_DESCRIPTION),
    )
    announce: bool | None = Field(default=None, description="Only admins write.")
    restrict: bool | None = Field(
        default=None,
        description="Only admins change subject, description, picture and the time after which messages disappear.",
    )
    member_add_mode: Literal["ADMINS", "ALL"] | None = Field(default=None, description="Who may add others.")
    join_approval: bool | None = Field(
        default=None, description="An admin lets in whoever comes by link, or is added by a member."
    )
    ephemeral_seconds: Integer | None = Field(
        default=None,
        description="After how long messages disappear; 0: never.",
        json_schema_extra={"enum": [*_SECONDS, None]},
    )


class SetPicture(RequestModel):
    """A picture."""

    base64: str = Field(
        description=f"A JPEG, PNG or WebP of at most {MAX_PICTURE} bytes, in base64.",
        json_schema_extra=forms.BASE64,
    )


class ChangeParticipants(RequestModel):
    """What to do to whom."""

    action: Literal["ADD", "REMOVE", "PROMOTE", "DEMOTE"] = Field(
        description="Put them into the group, take them out of it, make them admins, or take that from them."
    )
    participants: list[str] = _people()


class JoinGroup(RequestModel):
    """What to join by."""

    code: str = Field(
        description="The invite code, or the link that carries it.",
        json_schema_extra=forms.INVITE,
        examples=[_CODE],
    )


class DecideRequests(RequestModel):
    """On whom to decide, and how."""

    participants: list[str] = _people()
    approve: bool = Field(description="Let them in; else turn them away.")


class GroupsQuery(QueryModel):
    """What to tell of each group."""

    participants: bool = Field(default=False, description="Tell each group's participants, too.")


class Participant(AnswerModel):
    """Somebody in a group."""

    jid: str = Field(description="The address by which the group knows the person.", examples=[_PERSON])
    alternate: str | None = Field(description="The other form of it, where known.")
    role: Role


class Settings(AnswerModel):
    """How a group is run."""

    announce: bool = Field(description="Only admins write.")
    restrict: bool = Field(
        description="Only admins change subject, description, picture and the time after which messages disappear."
    )
    member_add_mode: MemberAddMode = Field(description="Who may add others.")
    join_approval: bool = Field(description="An admin lets in whoever comes by link, or is added by a member.")
    ephemeral_seconds: int = Field(description="After how long messages disappear; 0: never.", examples=[0])


class Group(AnswerModel):
    """A group as the account sees it."""

    id: str = Field(examples=[GROUP_ID])
    subject: str = Field(examples=["Pigeons"])
    description: str | None
    owner: str | None = Field(description="Who founded it, where known.", examples=[_PERSON])
    created_at: OptionalTime
    settings: Settings
    lid_addressing: bool = Field(description="Its participants are told of by LID.")
    role: Role | None = Field(description="The account's own; null when it isn't in the group any more.")
    size: int = Field(description="How many are in it.", examples=[2])
    participants: list[Participant] | None = Field(description="Null in lists that weren't asked for them.")


class GroupList(AnswerModel):
    """The groups that the account is in."""

    items: list[Group]


class ParticipantResult(AnswerModel):
    """How a change came out for one person."""

    asked: str = Field(description="The address that was given.", examples=[_PERSON])
    jid: str = Field(description="The address by which the group knows the person.")
    outcome: ParticipantOutcome
    code: int = Field(description="WhatsApp's own number of the outcome.", examples=[200])
    invite_code: str | None = Field(description="What a private invitation carries, where `INVITE_NEEDED`.")
    invite_expires_at: OptionalTime


class ParticipantResults(AnswerModel):
    """How a change came out for each."""

    results: list[ParticipantResult]


class CreatedGroup(AnswerModel):
    """A new group, and how it came out for each."""

    group: Group
    results: list[ParticipantResult]


class InviteCode(AnswerModel):
    """The code of a group's link."""

    code: str = Field(examples=[_CODE])
    link: str = Field(examples=[f"https://chat.whatsapp.com/{_CODE}"])


class Preview(AnswerModel):
    """What an invite code shows of its group."""

    id: str = Field(examples=[GROUP_ID])
    subject: str
    description: str | None
    owner: str | None
    created_at: OptionalTime
    size: int
    join_approval: bool = Field(description="Whoever joins waits for an admin.")


class Joined(AnswerModel):
    """What came of joining."""

    group_id: str = Field(examples=[GROUP_ID])
    pending: bool = Field(description="The account isn't in it yet: it waits for an admin.")


class JoinRequest(AnswerModel):
    """Somebody who asks to be let in."""

    jid: str = Field(examples=[_PERSON])
    alternate: str | None
    by: str | None = Field(description="Who proposed them: themselves, or a member.")
    method: RequestMethod
    at: OptionalTime


class JoinRequestList(AnswerModel):
    """Who asks to be let in, the longest waiting first."""

    items: list[JoinRequest]


class GroupNotice(AnswerModel):
    """What a group's members read of what was done there. Who did it is the message's sender."""

    kind: NoticeKind
    name: str = Field(description="WhatsApp Web's own name of it.", examples=["subject"])
    people: list[str] = Field(description="To whom.")
    includes_me: bool = Field(description="The account is among them.")
    text: str | None = Field(description="The new subject or description, `on` or `off`, seconds.")


class GroupJoinedPayload(AnswerModel):
    """Of `group.joined`."""

    group_id: str = Field(examples=[GROUP_ID])
    by: str = Field(description="Who did it.")
    subject: str | None = Field(description="The name of a group that was just founded.")


class GroupLeftPayload(AnswerModel):
    """Of `group.left`."""

    group_id: str = Field(examples=[GROUP_ID])
    by: str = Field(description="Who did it.")
    removed: bool = Field(description="Somebody else saw to that.")


class GroupParticipantsPayload(AnswerModel):
    """Of `group.participants`."""

    group_id: str = Field(examples=[GROUP_ID])
    action: ParticipantAction
    participants: list[str]
    by: str = Field(description="Who did it.")
    by_themselves: bool = Field(description="They joined by a link, or left.")


class GroupUpdatedPayload(AnswerModel):
    """Of `group.updated`."""

    group_id: str = Field(examples=[GROUP_ID])
    changed: NoticeKind = Field(description="What.")
    value: str | None = Field(description="What it is now, as WhatsApp tells it; null where it tells nothing.")
    by: str = Field(description="Who did it.")


class GroupRequestPayload(AnswerModel):
    """Of `group.request`."""

    group_id: str = Field(examples=[GROUP_ID])
    participants: list[str] = Field(description="Who asks.")
    state: RequestState
