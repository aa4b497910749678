import grpc
import pytest

from domain.errors import ErrorKind, PomboError
from entrypoints.status import STATUS


def subclasses(kind: type[PomboError]) -> set[type[PomboError]]:
    return {kind}.union(*(subclasses(child) for child in kind.__subclasses__()))


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_kind_of_error_has_a_status_in_both_transports(kind: ErrorKind) -> None:
    status = STATUS[kind]
    assert 400 <= status.http < 600
    assert status.grpc is not grpc.StatusCode.OK
    assert status.title


def test_the_table_has_nothing_else() -> None:
    assert set(STATUS) == set(ErrorKind)


def test_both_transports_agree_on_whose_fault_it_is() -> None:
    ours = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
    ours.add(grpc.StatusCode.UNIMPLEMENTED)
    for status in STATUS.values():
        assert (status.http >= 500) == (status.grpc in ours), status


def test_every_class_of_error_names_its_kind() -> None:
    for kind in subclasses(PomboError):
        assert kind.kind in STATUS
