"""The simulation's ids keep the contract of their port."""

import pytest

from tests.contracts.id_generator import IdGeneratorContract
from tests.simulation.clocks import CountingIds


@pytest.fixture
def ids() -> CountingIds:
    return CountingIds()


class TestCountingIds(IdGeneratorContract):
    pass
