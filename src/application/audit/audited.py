"""Which operations are put on record in the audit log, and how. Every operation of the policy has a row here."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

AUTHENTICATE: Final = "authenticate"
"""What is refused to a call without a good key: before that it isn't asked what else it wants."""


class Audit(StrEnum):
    """How an operation is put on record."""

    NOT = "not"
    """It changes nothing and shows no secret: not at all, unless it is refused."""
    FIRST = "first"
    """Before it is begun, and again with its result before it is answered: nothing is done without a trace."""
    SOON = "soon"
    """With its result, together with others, in a moment: what is done thousands of times a minute."""
    OPENING = "opening"
    """When it is begun: a stream that shows secrets."""


def _all(audit: Audit, names: str) -> dict[str, Audit]:
    return dict.fromkeys(names.split(), audit)


AUDITED: Final[Mapping[str, Audit]] = (
    _all(
        Audit.NOT,
        """
        getSession getSessionStatus listStatusChanges getMe listSessions
        listChats getChat listContacts getContact getContactPicture getContactAbout getBusinessProfile
        listCommonGroups getContactIdentity listBlockedContacts listCalls checkContacts
        listGroups getGroup listGroupRequests listJoinRequests previewGroupInvite previewInvite
        getMessage listMessages listReactions listVotes listReceipts downloadMessageMedia
        getMedia listMedia downloadMedia
        listEvents streamEvents streamEventsOverWebSocket getHealth getMetrics
        readDocument readDocumentationPage readDocumentationFile reflect
        listWebhooks getWebhook listDeliveries listDeadLetters
        getQuota listSuppressions
        listUsers getUser listApiKeys getApiKey listAuditLog
        """,
    )
    | _all(
        Audit.SOON,
        """
        sendMessage sendMedia sendMessages uploadMedia
        cancelMessage editMessage deleteMessage revokeMessage deleteMessageForMe reactToMessage removeReaction
        voteInPoll pinMessage unpinMessage forwardMessage starMessage unstarMessage markMessagePlayed
        setPresence setActivity subscribePresence unsubscribePresence
        addSuppression
        """,
    )
    | _all(
        Audit.FIRST,
        """
        createSession updateSession deleteSession startSession stopSession restartSession takeOverSession logoutSession
        getQr refreshQr requestPairingCode
        updateChat deleteChat clearChat fetchChatHistory
        saveContact removeContact blockContact unblockContact rejectCall
        createGroup updateGroup setGroupPicture deleteGroupPicture leaveGroup changeGroupParticipants changeParticipants
        getGroupInviteCode getInviteCode revokeGroupInviteCode revokeInviteCode decideGroupRequests decideJoinRequests
        joinGroup
        deleteMedia removeSuppression
        createWebhook updateWebhook deleteWebhook rotateWebhookSecret testWebhook redeliverEvent replayEvents
        createUser updateUser createApiKey rotateApiKey revokeApiKey
        """,
    )
    | _all(Audit.OPENING, "watchSession")
)
