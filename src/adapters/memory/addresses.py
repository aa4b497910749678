"""All addresses of a person."""

from adapters.memory.transaction import Transaction
from domain.ids import SessionId
from domain.jid import Jid


def addresses_with(transaction: Transaction, session_id: SessionId, given: Jid) -> frozenset[str]:
    """Those of the person who has this one; of a group, or of somebody unknown, this one alone."""
    rows = transaction.person_addresses
    row = rows.get((session_id, str(given)))
    if row is None:
        return frozenset({str(given)})
    return frozenset(
        {str(given)}
        | {
            address
            for (session, address), other in rows.items()
            if session == session_id and other.person == row.person
        }
    )
