"""Every invariant that a run is checked against."""

from typing import Final

from tests.simulation.invariants.base import Invariant
from tests.simulation.invariants.commands import (
    DecisionsAreToldOnce,
    GroupsAreFoundedOnce,
    MarksAreTold,
    WhatWasDoneLasts,
)
from tests.simulation.invariants.delivery import (
    AcceptedIsDelivered,
    ChatsKeepTheirOrder,
    OncePerPhone,
    PhonesWroteIt,
    ReceivedOnce,
)
from tests.simulation.invariants.files import FilesArriveWhole
from tests.simulation.invariants.groups import GroupsAreChangedOnce
from tests.simulation.invariants.log import EveryEventIsRead, LogOnlyGrows
from tests.simulation.invariants.messages import (
    EventsOncePerMessage,
    NotBeforeItsTime,
    NothingStaysOpen,
    OneMessagePerSend,
    SentMeansSent,
    StatusMovesForward,
)
from tests.simulation.invariants.operations import (
    EachChangeIsToldOnce,
    OperationsAreDoneOnce,
    OperationsFollowTheirMessage,
    ShownAsItIs,
)
from tests.simulation.invariants.paces import ThePaceIsKept
from tests.simulation.invariants.pages import NobodyIsToldAGhost, OnePagePerSession, OneRightPerSession
from tests.simulation.invariants.webhooks import DeliveredMeansDelivered, WebhooksArrive

ALL: Final[tuple[type[Invariant], ...]] = (
    StatusMovesForward,
    SentMeansSent,
    EventsOncePerMessage,
    OneMessagePerSend,
    NotBeforeItsTime,
    LogOnlyGrows,
    EachChangeIsToldOnce,
    OperationsFollowTheirMessage,
    OperationsAreDoneOnce,
    ShownAsItIs,
    OncePerPhone,
    OnePagePerSession,
    OneRightPerSession,
    NobodyIsToldAGhost,
    PhonesWroteIt,
    NothingStaysOpen,
    AcceptedIsDelivered,
    ChatsKeepTheirOrder,
    ReceivedOnce,
    EveryEventIsRead,
    DeliveredMeansDelivered,
    WebhooksArrive,
    GroupsAreFoundedOnce,
    WhatWasDoneLasts,
    MarksAreTold,
    DecisionsAreToldOnce,
    GroupsAreChangedOnce,
    FilesArriveWhole,
    ThePaceIsKept,
)
