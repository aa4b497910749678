"""The store of snapshots in memory keeps its contract."""

import pytest

from adapters.memory.session_store import MemorySessionStore
from tests.contracts.session_store import SessionStoreContract


@pytest.fixture
def store() -> MemorySessionStore:
    return MemorySessionStore(kept=3)


class TestMemorySessionStore(SessionStoreContract):
    pass
