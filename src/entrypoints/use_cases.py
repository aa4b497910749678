"""The use cases, as the transports get them."""

from dataclasses import dataclass

from application.access.authenticate import Authenticate
from application.calls.manage_calls import ListCalls, RejectCall
from application.chats.fetch_history import FetchHistory
from application.chats.manage_chats import ClearChat, DeleteChat, GetChat, ListChats, UpdateChat
from application.contacts.blocklist import ListBlocked, SetBlocked
from application.contacts.manage_contacts import (
    CheckExistence,
    GetContact,
    GetIdentity,
    ListContacts,
    LookUpContact,
    RemoveContact,
    SaveContact,
)
from application.events.list_events import ListEvents
from application.events.stream_events import StreamEvents
from application.groups.change_group import (
    ChangeParticipants,
    DecideJoinRequests,
    JoinGroup,
    LeaveGroup,
    RevokeInviteCode,
    SetGroupPicture,
    UpdateGroup,
)
from application.groups.create_group import CreateGroup
from application.groups.read_groups import GetGroup, GetInviteCode, ListGroups, ListJoinRequests, PreviewInvite
from application.health.check_health import CheckHealth
from application.limits.call_limits import CallLimits
from application.messages.cancel_message import CancelMessage
from application.messages.forward_message import ForwardMessage
from application.messages.message_commands import MessageCommands
from application.messages.operate import OperateOnMessage
from application.messages.read_messages import GetMessage, ListMessages
from application.messages.read_states import ReadMessageState
from application.messages.send_message import SendMessage
from application.messages.send_messages import SendMessages
from application.observability.read_health import ReadHealth
from application.observability.read_metrics import ReadMetrics
from application.presence.manage_presence import SetActivity, SetPresence, SubscribePresence, UnsubscribePresence
from application.sessions.create_session import CreateSession
from application.sessions.end_session import DeleteSession, LogoutSession
from application.sessions.link_session import GetQr, RefreshQr, RequestPairingCode
from application.sessions.read_sessions import GetMe, GetSession, GetSessionStatus, ListSessions, ListStatusChanges
from application.sessions.run_session import RestartSession, StartSession, StopSession
from application.sessions.take_over import TakeOverSession
from application.sessions.update_session import UpdateSession
from application.sessions.watch_session import WatchSession
from application.webhooks.direct_delivery import PostTestEvent, RedeliverEvent
from application.webhooks.manage_webhooks import CreateWebhook, DeleteWebhook, RotateWebhookSecret, UpdateWebhook
from application.webhooks.read_webhooks import GetWebhook, ListDeadLetters, ListDeliveries, ListWebhooks
from application.webhooks.replay_events import ReplayEvents
from entrypoints.access_assembly import AccessUseCases
from entrypoints.audit_use_cases import AuditUseCases
from entrypoints.media_use_cases import MediaUseCases
from entrypoints.pacing_assembly import PacingUseCases


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """Everything a transport may call."""

    authenticate: Authenticate
    access: AccessUseCases
    audit: AuditUseCases
    limits: CallLimits
    check_health: CheckHealth
    read_health: ReadHealth
    read_metrics: ReadMetrics
    create_session: CreateSession
    list_sessions: ListSessions
    get_session: GetSession
    get_session_status: GetSessionStatus
    list_status_changes: ListStatusChanges
    get_me: GetMe
    update_session: UpdateSession
    delete_session: DeleteSession
    start_session: StartSession
    stop_session: StopSession
    restart_session: RestartSession
    take_over_session: TakeOverSession
    logout_session: LogoutSession
    get_qr: GetQr
    refresh_qr: RefreshQr
    request_pairing_code: RequestPairingCode
    watch_session: WatchSession
    send_message: SendMessage
    send_messages: SendMessages
    cancel_message: CancelMessage
    operate_on_message: OperateOnMessage
    forward_message: ForwardMessage
    message_commands: MessageCommands
    read_message_state: ReadMessageState
    list_messages: ListMessages
    pacing: PacingUseCases
    get_message: GetMessage
    media: MediaUseCases
    list_events: ListEvents
    stream_events: StreamEvents
    create_webhook: CreateWebhook
    get_webhook: GetWebhook
    list_webhooks: ListWebhooks
    update_webhook: UpdateWebhook
    delete_webhook: DeleteWebhook
    rotate_webhook_secret: RotateWebhookSecret
    post_test_event: PostTestEvent
    list_deliveries: ListDeliveries
    list_dead_letters: ListDeadLetters
    redeliver_event: RedeliverEvent
    replay_events: ReplayEvents
    list_chats: ListChats
    get_chat: GetChat
    update_chat: UpdateChat
    clear_chat: ClearChat
    delete_chat: DeleteChat
    fetch_history: FetchHistory
    list_contacts: ListContacts
    get_contact: GetContact
    check_existence: CheckExistence
    look_up_contact: LookUpContact
    save_contact: SaveContact
    remove_contact: RemoveContact
    get_identity: GetIdentity
    list_blocked: ListBlocked
    set_blocked: SetBlocked
    set_presence: SetPresence
    set_activity: SetActivity
    subscribe_presence: SubscribePresence
    unsubscribe_presence: UnsubscribePresence
    list_calls: ListCalls
    reject_call: RejectCall
    create_group: CreateGroup
    list_groups: ListGroups
    get_group: GetGroup
    update_group: UpdateGroup
    set_group_picture: SetGroupPicture
    leave_group: LeaveGroup
    change_participants: ChangeParticipants
    get_invite_code: GetInviteCode
    revoke_invite_code: RevokeInviteCode
    preview_invite: PreviewInvite
    join_group: JoinGroup
    list_join_requests: ListJoinRequests
    decide_join_requests: DecideJoinRequests
