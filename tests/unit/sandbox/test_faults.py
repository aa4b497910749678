import pytest

from sandbox.errors import SandboxError
from sandbox.faults import FaultKind, Faults


def test_a_fault_strikes_whom_it_is_meant_for() -> None:
    faults = Faults()
    faults.add(faults.parse({"kind": "slow_sync", "ms": 5, "device": 2}, "15550001"))
    assert faults.find(FaultKind.SLOW_SYNC, "15550001", 2) is not None
    assert faults.find(FaultKind.SLOW_SYNC, "15550001", 1) is None
    assert faults.find(FaultKind.SLOW_SYNC, "15550002", 2) is None
    assert faults.find(FaultKind.BAN, "15550001", 2) is None


def test_a_counted_fault_is_spent() -> None:
    faults = Faults()
    faults.add(faults.parse({"kind": "lose_acks", "count": 2}, None))
    assert [faults.spend(FaultKind.LOSE_ACKS, "15550001") for _ in range(3)] == [True, True, False]


def test_a_fault_ends_with_its_time_and_when_cleared() -> None:
    faults = Faults()
    faults.add(faults.parse({"kind": "ban", "duration_ms": 0}, None))
    assert faults.active() == []
    faults.add(faults.parse({"kind": "ban"}, None))
    faults.add(faults.parse({"kind": "lose_acks"}, None))
    assert faults.clear("ban") == 1
    assert faults.clear() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"kind": 5}, 400),
        ({"kind": "meteor"}, 400),
        ({"kind": "slow_sync"}, 400),
        ({"kind": "slow_sync", "ms": True}, 400),
        ({"kind": "ban", "duration_ms": -1}, 400),
        ({"kind": "ban", "for": 1}, 400),
    ],
)
def test_refused_faults(body: dict[str, object], status: int) -> None:
    with pytest.raises(SandboxError) as caught:
        Faults().parse(body, None)
    assert caught.value.status == status
