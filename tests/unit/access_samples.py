"""Users and keys for tests of what they may."""

from collections.abc import Collection

from application.access.manage_keys import CreateApiKeyCommand
from application.access.manage_users import CreateUserCommand
from domain.access import Role
from entrypoints.use_cases import UseCases


async def key_with(use_cases: UseCases, role: Role, session_ids: Collection[str] = ()) -> str:
    """A key of a new user's."""
    user = await use_cases.access.create_user.execute(CreateUserCommand(name=f"A {role}", role=role))
    issued = await use_cases.access.create_key.execute(
        CreateApiKeyCommand(user_id=user.id, name="test", role=role, session_ids=session_ids)
    )
    assert issued.secret is not None
    return issued.secret


SAME_RULE = {
    "listJoinRequests": "listGroupRequests",
    "revokeMessage": "deleteMessage",
    "deleteMessageForMe": "deleteMessage",
    "streamEvents": "listEvents",
    "streamEventsOverWebSocket": "listEvents",
    "removeReaction": "reactToMessage",
    "unstarMessage": "starMessage",
    "sendMedia": "sendMessage",
    "deleteGroupPicture": "setGroupPicture",
    "changeParticipants": "changeGroupParticipants",
    "getInviteCode": "getGroupInviteCode",
    "revokeInviteCode": "revokeGroupInviteCode",
    "decideJoinRequests": "decideGroupRequests",
    "previewInvite": "previewGroupInvite",
}
"""What the transports call by different names, or what one has in two parts."""
