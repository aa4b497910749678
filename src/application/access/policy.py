"""What each operation of the API needs: the least role, and what binds it to a session.

An operation is named as REST names it (``operationId``), an RPC as its method with a small first letter; where both
transports call it alike there is one row for both. A transport serves nothing that has no row here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from application.access.principal import Principal
from domain.access import Role
from domain.errors import PermissionDeniedError


class Place(StrEnum):
    """How an operation is bound to sessions. ``caller_storage`` keeps each to those that its caller sees."""

    NOTHING = "nothing"
    """It concerns no session."""
    SESSION = "session"
    """The request names one; to who doesn't see it, it isn't there."""
    NEW_SESSION = "new session"
    """The request names one that is to be made."""
    MESSAGE = "message"
    """The request names a message, which is a session's."""
    WEBHOOK = "webhook"
    """The request names a webhook, whose sessions must all be seen."""
    NEW_WEBHOOK = "new webhook"
    """The request says which sessions a webhook is to be told of."""
    MEDIA = "media"
    """The request names a file: the caller's own, or one that a message holds."""
    LIST = "list"
    """What is shown is only what is seen."""
    EACH = "each"
    """The request holds several, each of which names a session and gets a result of its own."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What an operation needs."""

    role: Role
    place: Place

    def check(self, principal: Principal) -> None:
        """Lets pass who may.

        Raises:
            PermissionDeniedError: ``ROLE_TOO_LOW``.
        """
        if not principal.role.allows(self.role):
            raise role_too_low(self.role)


def role_too_low(needed: Role) -> PermissionDeniedError:
    """The caller's role doesn't do."""
    return PermissionDeniedError(
        "ROLE_TOO_LOW", f"This needs a key with the role '{needed}' or above.", metadata={"role": needed.value}
    )


def _rules(role: Role, place: Place, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), Rule(role, place))


_READ: Final = (
    _rules(
        Role.READER,
        Place.SESSION,
        """
        getSession getSessionStatus listStatusChanges getMe getQuota listSuppressions
        listChats getChat listContacts getContact getContactPicture getContactAbout getBusinessProfile
        listCommonGroups getContactIdentity listBlockedContacts listCalls
        listGroups getGroup listGroupRequests listJoinRequests
        """,
    )
    | _rules(Role.READER, Place.MESSAGE, "getMessage listReactions listVotes listReceipts downloadMessageMedia")
    | _rules(Role.READER, Place.MEDIA, "getMedia downloadMedia")
    | _rules(
        Role.READER,
        Place.LIST,
        "listSessions listMessages listMedia listEvents streamEvents streamEventsOverWebSocket getHealth",
    )
    # Sums over the whole gateway, without a session's id; for Prometheus, whose key may be a reader's.
    | _rules(Role.READER, Place.NOTHING, "getMetrics")
    # The API's description.
    | _rules(Role.READER, Place.NOTHING, "readDocument readDocumentationPage readDocumentationFile reflect")
)

_SEND: Final = (
    _rules(
        Role.SENDER,
        Place.SESSION,
        """
        sendMessage sendMedia addSuppression
        checkContacts setPresence setActivity subscribePresence unsubscribePresence
        """,
    )
    | _rules(Role.SENDER, Place.EACH, "sendMessages")
    | _rules(
        Role.SENDER,
        Place.MESSAGE,
        """
        cancelMessage editMessage deleteMessage revokeMessage deleteMessageForMe reactToMessage removeReaction
        voteInPoll pinMessage unpinMessage forwardMessage starMessage unstarMessage markMessagePlayed
        """,
    )
    | _rules(Role.SENDER, Place.MEDIA, "deleteMedia")
    | _rules(Role.SENDER, Place.NOTHING, "uploadMedia")
)

_OPERATE: Final = (
    _rules(Role.OPERATOR, Place.NEW_SESSION, "createSession")
    # A QR links an account to whoever shows it: who sees one can have the account's messages elsewhere.
    | _rules(
        Role.OPERATOR,
        Place.SESSION,
        """
        updateSession deleteSession startSession stopSession restartSession takeOverSession logoutSession
        getQr refreshQr requestPairingCode watchSession
        removeSuppression
        updateChat deleteChat clearChat fetchChatHistory
        saveContact removeContact blockContact unblockContact rejectCall
        createGroup updateGroup setGroupPicture deleteGroupPicture leaveGroup changeGroupParticipants changeParticipants
        getGroupInviteCode getInviteCode revokeGroupInviteCode revokeInviteCode decideGroupRequests decideJoinRequests
        previewGroupInvite previewInvite joinGroup
        """,
    )
    # Also to read: a webhook's address is often a secret.
    | _rules(Role.OPERATOR, Place.LIST, "listWebhooks")
    | _rules(Role.OPERATOR, Place.NEW_WEBHOOK, "createWebhook")
    | _rules(
        Role.OPERATOR,
        Place.WEBHOOK,
        """
        getWebhook updateWebhook deleteWebhook rotateWebhookSecret testWebhook listDeliveries listDeadLetters
        redeliverEvent replayEvents
        """,
    )
)

_ADMINISTER: Final = _rules(
    Role.ADMIN,
    Place.NOTHING,
    """
    createUser listUsers getUser updateUser
    createApiKey listApiKeys getApiKey rotateApiKey revokeApiKey
    listAuditLog
    """,
)

POLICY: Final[Mapping[str, Rule]] = _READ | _SEND | _OPERATE | _ADMINISTER
OPEN: Final = frozenset({"getLiveness", "getReadiness"})
"""What needs no key: whoever asks for health often has none."""
