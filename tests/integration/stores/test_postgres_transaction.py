"""What only a real transaction can do wrong."""

from contextlib import suppress

import pytest

from adapters.postgres.database import PostgresDatabase, PostgresUnitOfWork
from domain.errors import InternalError, PomboError
from tests.contracts.samples import session


async def test_a_failure_that_was_passed_over_is_no_commit(uow: PostgresDatabase, commits: list[None]) -> None:
    """PostgreSQL answers the COMMIT of a failed transaction without an error, and takes everything back."""
    with pytest.raises(InternalError) as caught:  # noqa: PT012 - the end of the unit is what raises
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            assert isinstance(unit, PostgresUnitOfWork)
            with suppress(PomboError):
                await unit.sessions._transaction.write("SELECT 1 / 0")
    assert caught.value.reason == "DATABASE_FAULT"
    assert commits == []
    async with uow.begin() as unit:
        assert await unit.sessions.list() == ()
