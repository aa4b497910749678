"""Units of work under a lease."""

from contextlib import AbstractAsyncContextManager
from typing import override

from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import ConflictError
from domain.lease import STALE_LEASE, Lease


class FencedUnitsOfWork(UnitOfWorkFactory):
    """Whatever is written in them is committed only while the lease is valid."""

    def __init__(self, uow: UnitOfWorkFactory, lease: Lease) -> None:
        self._uow = uow
        self._lease = lease

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._uow.begin(self._lease if fence is None else fence)


def is_stale(error: BaseException) -> bool:
    """Whether a failure, or one of a group, says that the lease wasn't valid any more."""
    if isinstance(error, BaseExceptionGroup):
        return any(is_stale(each) for each in error.exceptions)
    return isinstance(error, ConflictError) and error.reason == STALE_LEASE
