"""The cache in memory keeps its contract."""

import pytest

from adapters.memory.link_code_cache import MemoryLinkCodeCache
from adapters.system.system_clock import SystemClock
from tests.contracts.link_code_cache import LinkCodeCacheContract


@pytest.fixture
def cache() -> MemoryLinkCodeCache:
    return MemoryLinkCodeCache(SystemClock())


class TestMemoryLinkCodeCache(LinkCodeCacheContract):
    pass
