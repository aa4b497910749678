"""The bus in memory keeps its contract."""

import pytest

from adapters.memory.event_bus import MemoryEventBus
from tests.contracts.event_bus import EventBusContract


@pytest.fixture
def queue_length() -> int:
    return 5


@pytest.fixture
def bus(queue_length: int) -> MemoryEventBus:
    return MemoryEventBus(queue_length)


class TestMemoryEventBus(EventBusContract):
    pass
