from tests.chaos.plan import KINDS, plan
from tests.chaos.strikes import Striker


def test_a_seed_is_always_the_same_run_and_another_is_another() -> None:
    assert plan(1, 180) == plan(1, 180)
    assert plan(1, 180) != plan(2, 180)


def test_a_run_of_the_default_length_has_every_kind() -> None:
    for gateways in (1, 2):
        kinds = {kind.name for kind in KINDS if kind.gateways <= gateways}
        for seed in range(1, 20):
            assert {strike.kind for strike in plan(seed, 180, gateways=gateways)} == kinds


def test_there_is_time_before_and_after() -> None:
    for seed in range(20):
        times = [strike.at for strike in plan(seed, 60)]
        assert times == sorted(times)
        assert times[0] >= 2
        assert times[-1] < 48


def test_every_kind_can_be_struck() -> None:
    assert all(callable(getattr(Striker, f"_{kind.name}")) for kind in KINDS)
