"""The sandbox's parts, wired."""

from collections.abc import Callable
from typing import Final

from sandbox.addons import Addons
from sandbox.calls import Calls
from sandbox.chat_actions import ChatActions
from sandbox.clock import set_ahead
from sandbox.config import SandboxConfig
from sandbox.faults import Faults
from sandbox.fold import Fold
from sandbox.groups.announcer import Announcer
from sandbox.groups.invites import Invites
from sandbox.groups.membership import Membership
from sandbox.groups.settings import GroupSettings
from sandbox.groups.talk import GroupTalk
from sandbox.groups.views import GroupViews
from sandbox.hub import Hub
from sandbox.iq import Questions
from sandbox.linking import Linking
from sandbox.marks import Marks
from sandbox.media.blobs import Blobs
from sandbox.media.passes import Passes
from sandbox.media.phone import PhoneMedia
from sandbox.message_info import MessageInfo
from sandbox.notices import Notices
from sandbox.numbers import Numbers
from sandbox.older import OlderHistory
from sandbox.operations import Operation
from sandbox.people import People
from sandbox.phones import Phones
from sandbox.presence import Presence
from sandbox.receipts import Receipts
from sandbox.router import Router
from sandbox.store.accounts import AccountStore
from sandbox.store.addons import AddonStore
from sandbox.store.chat_states import ChatStateStore
from sandbox.store.database import Database
from sandbox.store.devices import DeviceStore
from sandbox.store.group_messages import GroupMessageStore
from sandbox.store.groups import GroupStore
from sandbox.store.messages import MessageStore
from sandbox.store.numbers import NumberStore
from sandbox.store.people import PeopleStore
from sandbox.store.queue import QueueStore

DATABASE_NAME: Final = "sandbox.sqlite3"
CLOCK_AHEAD: Final = "clock_ahead_ms"


class Core:
    """Everything but the network: state and rules, all on the event loop's thread, none of it awaiting a device."""

    def __init__(self, config: SandboxConfig, *, on_failure: Callable[[BaseException], None]) -> None:
        self.config = config
        self.database = Database(config.data_dir / DATABASE_NAME, on_failure=on_failure)
        self.accounts = AccountStore(self.database)
        self.devices = DeviceStore(self.database)
        self.messages = MessageStore(self.database)
        self.queue = QueueStore(self.database)
        self.addon_store = AddonStore(self.database, self.messages)
        set_ahead(self.addon_store.setting(CLOCK_AHEAD))
        self.blobs = Blobs(self.database, config.data_dir / "media", config.media_keep_ms)
        self.phone_media = PhoneMedia(self.blobs, config.data_dir / "phones")
        self.passes = Passes(self.devices, config.media_most_bytes)
        self.notices = Notices()
        self.faults = Faults()
        self.hub = Hub(self.database, self.queue, self.devices)
        self.people_store = PeopleStore(self.database)
        self.chat_states = ChatStateStore(self.database)
        self.receipts = Receipts(self.accounts, self.messages, self.devices, self.hub, self.notices)
        self.phones = Phones(self.accounts, self.messages, self.receipts)
        self.addons = Addons(config, self.accounts, self.messages, self.addon_store)
        self.fold = Fold(self.accounts, self.messages, self.addon_store)
        self.marks = Marks(self.accounts, self.messages, self.addon_store, self.devices, self.hub, self.notices)
        self.people = People(self.accounts, self.people_store, self.devices, self.hub, self.notices)
        self.presence = Presence(self.accounts, self.people_store, self.people, self.hub)
        self.chat_actions = ChatActions(
            self.accounts, self.chat_states, self.messages, self.devices, self.hub, self.notices
        )
        self.calls = Calls(self.accounts, self.people_store, self.hub, self.notices)
        self.operations: dict[str, Operation] = {
            **self.people.operations,
            **self.chat_actions.operations,
            **self.calls.operations,
            **OlderHistory(self.accounts, self.messages, self.fold).operations,
            **self.marks.operations,
            **MessageInfo(self.accounts, self.messages).operations,
            **self.passes.operations,
        }
        self.questions = Questions(self.accounts, self.devices)
        self.router = Router(
            self.accounts,
            self.devices,
            self.messages,
            self.people_store,
            self.addons,
            self.hub,
            self.phones,
            self.faults,
            self.notices,
        )
        self.groups = GroupStore(self.database)
        self.group_views = GroupViews(self.accounts)
        group_messages = GroupMessageStore(self.database)
        self.announcer = announcer = Announcer(self.group_views, self.devices, group_messages, self.hub, self.notices)
        membership = Membership(config, self.groups, self.group_views, self.people, self.people_store, announcer)
        invites = Invites(self.accounts, self.groups, self.group_views, membership, announcer)
        settings = GroupSettings(self.groups, self.people_store, announcer)
        for part in (membership, invites, settings):
            self.operations.update(part.operations)
        self.group_talk = GroupTalk(
            self.accounts,
            self.devices,
            self.groups,
            group_messages,
            self.group_views,
            self.hub,
            self.phones,
            self.notices,
        )
        self.router.groups = self.group_talk
        self.accounts.in_lid_mode = self.groups.in_lid_mode
        self.people.common_groups = self.groups.common
        self.addons.is_admin = self.groups.is_admin
        self.linking = Linking(config, self.database, self.accounts, self.devices, self.hub, self.notices, self.faults)
        self.number_store = NumberStore(self.database)
        self.numbers = Numbers(self)
