"""The one place that wires the application together.

What has to be opened and closed (pools, clients, the driver) is opened by the runtime and handed in; everything
else is made here, once, when it is first asked for.
"""

import random
from collections.abc import Callable
from datetime import timedelta

from dependency_injector import containers, providers

from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.system.system_clock import SystemClock
from adapters.system.ulid_generator import UlidGenerator
from application.access.caller_storage import CallerEventLog, CallerStorage
from application.audit.read_log import ListAuditLog
from application.audit.retention import AuditRetention
from application.audit.trail import AuditTrail
from application.audit.writer import AuditWriter
from application.audit.writer import FaultHook as AuditFaultHook
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
from application.events.feed import EventFeed
from application.events.list_events import ListEvents
from application.events.retention import EventRetention
from application.events.shared_scans import SharedScans
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
from application.idempotency.once import Once
from application.limits.call_limits import CallLimits
from application.limits.call_rates import CallRates
from application.limits.fallback_rate_limiter import FallbackRateLimiter
from application.media.outgoing_files import OutgoingFiles
from application.messages.cancel_message import CancelMessage
from application.messages.expire_messages import ExpireMessages
from application.messages.forward_message import ForwardMessage
from application.messages.link_previews import LinkPreviews
from application.messages.message_commands import MessageCommands
from application.messages.operate import OperateOnMessage
from application.messages.read_messages import GetMessage, ListMessages
from application.messages.read_states import ReadMessageState
from application.messages.recipients import RecipientDirectory
from application.messages.record_page_news import RecordPageNews
from application.messages.send_message import SendMessage
from application.messages.send_messages import SendMessages
from application.messages.waiters import MessageWaiters
from application.observability.instruments import NO_INSTRUMENTS, Instruments
from application.observability.read_health import ReadHealth
from application.observability.read_metrics import ReadMetrics
from application.pacing.expected_times import ExpectedTimes
from application.people.record_people_news import PersonLinks
from application.ports.event_bus import EventBus
from application.ports.event_log import EventLog
from application.ports.health_check import HealthCheck
from application.ports.link_code_cache import LinkCodeCache
from application.ports.proxy_connector import ProxyConnector
from application.ports.rate_limiter import RateLimiter
from application.ports.session_store import SessionStore
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.watchdog import Watchdog
from application.ports.webhook_sender import WebhookSender
from application.ports.whatsapp_driver import WhatsAppDriver
from application.presence.manage_presence import SetActivity, SetPresence, SubscribePresence, UnsubscribePresence
from application.sessions.asking import PageAsker
from application.sessions.create_session import CreateSession
from application.sessions.end_session import DeleteSession, LogoutSession
from application.sessions.link_session import GetQr, RefreshQr, RequestPairingCode
from application.sessions.read_sessions import GetMe, GetSession, GetSessionStatus, ListSessions, ListStatusChanges
from application.sessions.run_session import RestartSession, StartSession, StopSession
from application.sessions.take_over import TakeOverSession
from application.sessions.update_session import UpdateSession
from application.sessions.watch_session import WatchSession
from application.webhooks.configured_webhook import EnsureConfiguredWebhook
from application.webhooks.direct_delivery import DirectDelivery, PostTestEvent, RedeliverEvent
from application.webhooks.manage_webhooks import CreateWebhook, DeleteWebhook, RotateWebhookSecret, UpdateWebhook
from application.webhooks.needed_events import NeededEvents
from application.webhooks.read_webhooks import GetWebhook, ListDeadLetters, ListDeliveries, ListWebhooks
from application.webhooks.replay_events import ReplayEvents
from application.workers.housekeeper import Housekeeper
from application.workers.keeper_settings import KeeperSettings
from application.workers.left_behind import LeftBehind, Tell
from application.workers.ownership import LeaseTerms
from application.workers.snapshots import Snapshots
from application.workers.supervisor import FaultHook, SessionSupervisor
from application.workers.webhook_dispatcher import LaneFaultHook, WebhookDispatcher
from domain.ids import MessageId, SessionId
from domain.webhook import RetrySchedule
from entrypoints.access_assembly import AccessAssembly
from entrypoints.audit_use_cases import AuditUseCases
from entrypoints.media_assembly import MediaAssembly
from entrypoints.media_parts import MediaParts
from entrypoints.pacing_assembly import pacing_use_cases
from entrypoints.use_cases import UseCases


class Container(containers.DeclarativeContainer):
    """The application's objects. The dependencies at the top come from outside."""

    whole_uow: providers.Dependency[UnitOfWorkFactory] = providers.Dependency()
    whole_event_log: providers.Dependency[EventLog] = providers.Dependency()
    bus: providers.Dependency[EventBus] = providers.Dependency()
    codes: providers.Dependency[LinkCodeCache] = providers.Dependency()
    session_store: providers.Dependency[SessionStore] = providers.Dependency()
    snapshot_every: providers.Dependency[timedelta | None] = providers.Dependency(default=timedelta(minutes=5))
    tell_of_snapshot: providers.Dependency[Tell] = providers.Dependency(default=lambda *_: None)
    rate_limiter: providers.Dependency[RateLimiter] = providers.Dependency()
    call_rates: providers.Dependency[CallRates] = providers.Dependency(default=CallRates())
    on_limiter_away: providers.Dependency[Callable[[bool], None]] = providers.Dependency(default=lambda _: None)
    driver: providers.Dependency[WhatsAppDriver] = providers.Dependency()
    proxies: providers.Dependency[ProxyConnector] = providers.Dependency()
    watchdog: providers.Dependency[Watchdog] = providers.Dependency()
    lease_terms: providers.Dependency[LeaseTerms] = providers.Dependency()
    health_checks: providers.Dependency[tuple[HealthCheck, ...]] = providers.Dependency()
    configured_key: providers.Dependency[str | None] = providers.Dependency()
    key_hash_secrets: providers.Dependency[tuple[bytes, ...]] = providers.Dependency()
    on_fault: providers.Dependency[FaultHook] = providers.Dependency()
    keeper_settings: providers.Dependency[KeeperSettings] = providers.Dependency(default=KeeperSettings())
    audit_retention_days: providers.Dependency[int] = providers.Dependency(default=365)
    on_audit_fault: providers.Dependency[AuditFaultHook] = providers.Dependency(default=lambda _: None)
    event_retention_days: providers.Dependency[int] = providers.Dependency(default=30)
    webhook_sender: providers.Dependency[WebhookSender] = providers.Dependency()
    retry_schedule: providers.Dependency[RetrySchedule] = providers.Dependency()
    on_lane_fault: providers.Dependency[LaneFaultHook] = providers.Dependency()
    media_parts: providers.Dependency[MediaParts] = providers.Dependency()
    on_download_failed: providers.Dependency[Callable[[MessageId, str], None]] = providers.Dependency(
        default=lambda *_: None
    )

    # What use cases get: as the caller sees it. Workers, which nobody calls, get the whole.
    uow = providers.Singleton(CallerStorage, whole_uow)
    event_log = providers.Singleton(CallerEventLog, whole_event_log)
    # Shared below, so that who sees what is a part of what is asked.
    streamed_event_log = providers.Singleton(CallerEventLog, providers.Singleton(SharedScans, whole_event_log))
    instruments: providers.Dependency[Instruments] = providers.Dependency(default=NO_INSTRUMENTS)
    on_kept: providers.Dependency[Callable[[SessionId], None]] = providers.Dependency(default=lambda _: None)

    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(UlidGenerator, clock)
    waiters = providers.Singleton(MessageWaiters)
    recipients = providers.Singleton(RecipientDirectory, clock)
    feed = providers.Singleton(EventFeed, whole_event_log, bus)
    event_retention = providers.Factory(
        EventRetention,
        whole_event_log,
        clock,
        providers.Callable(lambda days: timedelta(days=days), event_retention_days),
        providers.Singleton(NeededEvents, whole_uow, clock).provided.execute,
    )
    left_behind = providers.Singleton(
        LeftBehind,
        whole_uow,
        driver,
        providers.Singleton(RecordPageNews, whole_uow, clock, ids, waiters),
        clock,
        tell_of_snapshot,
    )
    snapshots = providers.Singleton(
        Snapshots,
        *(session_store, driver, whole_uow, clock, snapshot_every, providers.Object(random.random), tell_of_snapshot),
        left_behind,
    )
    supervisor = providers.Singleton(
        SessionSupervisor,
        *(
            whole_uow,
            driver,
            bus,
            codes,
            clock,
            ids,
            waiters,
            on_fault,
            keeper_settings,
            watchdog,
            lease_terms,
            snapshots,
        ),
        left_behind,
        providers.Singleton(OutgoingFiles, media_parts.provided.store),
        instruments,
        on_kept,
    )
    media = providers.Singleton(MediaAssembly, uow, clock, ids, media_parts, supervisor, on_download_failed)
    housekeeper = providers.Singleton(
        Housekeeper, whole_uow, clock, providers.Singleton(ExpireMessages, whole_uow, clock, ids, waiters)
    )
    access = providers.Singleton(AccessAssembly, whole_uow, clock, ids, bus, key_hash_secrets, configured_key)
    ensure_webhook = providers.Singleton(EnsureConfiguredWebhook, whole_uow, clock, ids)
    limits = providers.Singleton(
        CallLimits,
        providers.Singleton(
            FallbackRateLimiter,
            rate_limiter,
            providers.Singleton(MemoryRateLimiter, clock),
            clock,
            tell=on_limiter_away,
        ),
        call_rates,
        clock,
    )
    webhook_dispatcher = providers.Singleton(
        WebhookDispatcher,
        whole_uow,
        feed,
        clock,
        ids,
        webhook_sender,
        retry_schedule,
        on_fault=on_lane_fault,
        metrics=instruments.provided.metrics,
    )

    direct_delivery = providers.Singleton(DirectDelivery, uow, clock, ids, webhook_sender)
    asker = providers.Singleton(PageAsker, uow, clock, supervisor)
    person_links = providers.Singleton(PersonLinks, clock, ids)
    expected_times = providers.Singleton(ExpectedTimes, clock, keeper_settings.provided.pace)
    page_news = providers.Singleton(RecordPageNews, uow, clock, ids, waiters)
    get_qr = providers.Singleton(GetQr, uow, codes, bus)
    previews = providers.Singleton(
        LinkPreviews, media_parts.provided.fetcher, media_parts.provided.spool, media_parts.provided.workshop
    )
    send_message = providers.Singleton(
        SendMessage,
        uow,
        clock,
        ids,
        supervisor,
        recipients,
        waiters,
        media.provided.prepare,
        previews,
        instruments.provided.tracer,
    )
    audit_writer = providers.Singleton(AuditWriter, whole_uow, clock, instruments.provided.metrics, on_audit_fault)
    audit_trail = providers.Singleton(AuditTrail, whole_uow, clock, lease_terms.provided.owner, audit_writer)
    audit_retention = providers.Factory(
        AuditRetention,
        whole_uow,
        clock,
        providers.Callable(lambda days: timedelta(days=days), audit_retention_days),
    )
    audit_use_cases = providers.Singleton(AuditUseCases, trail=audit_trail, list=providers.Singleton(ListAuditLog, uow))
    check_health = providers.Singleton(
        CheckHealth, providers.Callable(lambda checks, snapshots: (*checks, snapshots), health_checks, snapshots)
    )
    use_cases = providers.Singleton(
        UseCases,
        authenticate=access.provided.authenticate,
        access=access.provided.use_cases,
        audit=audit_use_cases,
        limits=limits,
        check_health=check_health,
        read_health=providers.Singleton(ReadHealth, check_health, uow, clock),
        read_metrics=providers.Singleton(
            ReadMetrics,
            *(instruments.provided.metrics, check_health, whole_uow, clock, supervisor.provided.running),
            driver.provided.memory,
        ),
        create_session=providers.Singleton(CreateSession, uow, clock, ids, supervisor, proxies),
        list_sessions=providers.Singleton(ListSessions, uow),
        get_session=providers.Singleton(GetSession, uow),
        get_session_status=providers.Singleton(GetSessionStatus, uow, clock, supervisor),
        list_status_changes=providers.Singleton(ListStatusChanges, uow),
        get_me=providers.Singleton(GetMe, uow),
        update_session=providers.Singleton(UpdateSession, uow, clock, supervisor, proxies),
        delete_session=providers.Singleton(DeleteSession, uow, clock, ids, supervisor),
        start_session=providers.Singleton(StartSession, uow, clock, supervisor),
        stop_session=providers.Singleton(StopSession, uow, clock, supervisor),
        restart_session=providers.Singleton(RestartSession, uow, clock, supervisor),
        take_over_session=providers.Singleton(TakeOverSession, uow, clock, supervisor),
        logout_session=providers.Singleton(LogoutSession, uow, clock, supervisor),
        get_qr=get_qr,
        refresh_qr=providers.Singleton(RefreshQr, uow, clock, supervisor, get_qr),
        request_pairing_code=providers.Singleton(RequestPairingCode, uow, clock, ids, supervisor),
        watch_session=providers.Singleton(WatchSession, uow, codes, bus, supervisor, access.provided.streams),
        send_message=send_message,
        send_messages=providers.Singleton(
            SendMessages,
            *(uow, clock, ids, supervisor, media.provided.prepare, previews, instruments.provided.tracer),
        ),
        cancel_message=providers.Singleton(CancelMessage, uow, clock, ids, supervisor, waiters),
        operate_on_message=providers.Singleton(OperateOnMessage, uow, send_message),
        forward_message=providers.Singleton(ForwardMessage, uow, send_message, media.provided.use_cases.of_message),
        message_commands=providers.Singleton(
            MessageCommands, uow, clock, ids, supervisor, waiters, providers.Singleton(Once, uow, clock)
        ),
        read_message_state=providers.Singleton(ReadMessageState, uow),
        list_messages=providers.Singleton(ListMessages, uow, expected_times),
        get_message=providers.Singleton(GetMessage, uow, expected_times),
        pacing=providers.Singleton(pacing_use_cases, uow, clock, ids, keeper_settings.provided.pace),
        media=media.provided.use_cases,
        list_events=providers.Singleton(ListEvents, event_log),
        stream_events=providers.Singleton(StreamEvents, streamed_event_log, feed, access=access.provided.streams),
        create_webhook=providers.Singleton(CreateWebhook, uow, clock, ids, webhook_sender),
        get_webhook=providers.Singleton(GetWebhook, uow),
        list_webhooks=providers.Singleton(ListWebhooks, uow),
        update_webhook=providers.Singleton(UpdateWebhook, uow, clock, ids, webhook_sender),
        delete_webhook=providers.Singleton(DeleteWebhook, uow, clock),
        rotate_webhook_secret=providers.Singleton(RotateWebhookSecret, uow, clock),
        post_test_event=providers.Singleton(PostTestEvent, uow, clock, ids, direct_delivery),
        list_deliveries=providers.Singleton(ListDeliveries, uow),
        list_dead_letters=providers.Singleton(ListDeadLetters, uow),
        redeliver_event=providers.Singleton(RedeliverEvent, uow, clock, event_log, direct_delivery),
        replay_events=providers.Singleton(ReplayEvents, uow, clock, event_log),
        list_chats=providers.Singleton(ListChats, asker),
        get_chat=providers.Singleton(GetChat, asker),
        update_chat=providers.Singleton(UpdateChat, asker, clock),
        clear_chat=providers.Singleton(ClearChat, asker),
        delete_chat=providers.Singleton(DeleteChat, asker),
        fetch_history=providers.Singleton(
            FetchHistory, uow, asker, providers.Singleton(RecordPageNews, uow, clock, ids, waiters)
        ),
        list_contacts=providers.Singleton(ListContacts, asker),
        get_contact=providers.Singleton(GetContact, uow, asker, person_links),
        check_existence=providers.Singleton(CheckExistence, uow, asker, person_links),
        look_up_contact=providers.Singleton(LookUpContact, asker),
        save_contact=providers.Singleton(SaveContact, asker),
        remove_contact=providers.Singleton(RemoveContact, asker),
        get_identity=providers.Singleton(GetIdentity, uow),
        list_blocked=providers.Singleton(ListBlocked, asker),
        set_blocked=providers.Singleton(SetBlocked, asker),
        set_presence=providers.Singleton(SetPresence, asker),
        set_activity=providers.Singleton(SetActivity, asker),
        subscribe_presence=providers.Singleton(SubscribePresence, uow, asker),
        unsubscribe_presence=providers.Singleton(UnsubscribePresence, uow, clock),
        list_calls=providers.Singleton(ListCalls, asker),
        reject_call=providers.Singleton(RejectCall, asker),
        create_group=providers.Singleton(CreateGroup, asker, ids),
        list_groups=providers.Singleton(ListGroups, asker),
        get_group=providers.Singleton(GetGroup, asker),
        update_group=providers.Singleton(UpdateGroup, asker),
        set_group_picture=providers.Singleton(SetGroupPicture, asker),
        leave_group=providers.Singleton(LeaveGroup, asker),
        change_participants=providers.Singleton(ChangeParticipants, asker),
        get_invite_code=providers.Singleton(GetInviteCode, asker),
        revoke_invite_code=providers.Singleton(RevokeInviteCode, asker),
        preview_invite=providers.Singleton(PreviewInvite, asker),
        join_group=providers.Singleton(JoinGroup, asker),
        list_join_requests=providers.Singleton(ListJoinRequests, asker),
        decide_join_requests=providers.Singleton(DecideJoinRequests, asker, clock, ids),
    )
