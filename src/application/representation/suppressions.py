"""People who opted out."""

from collections.abc import Mapping
from typing import Any

from application.representation.values import Json, optional_jid, read_jid, read_time, time_to_text
from domain.ids import MessageId
from domain.jid import Jid
from domain.person import person_of
from domain.suppression import ShownSuppression, Suppression, SuppressionSource


def shown_suppression_to_dict(shown: ShownSuppression) -> Json:
    """An opt-out as the API shows it."""
    suppression, person = shown.suppression, shown.person
    return {
        "address": str(suppression.address),
        "phone": optional_jid(person.phone),
        "lid": optional_jid(person.lid),
        "source": suppression.source.value,
        "note": suppression.note,
        "message_id": suppression.message_id,
        "created_at": time_to_text(suppression.created_at),
    }


def shown_suppression_from_dict(data: Mapping[str, Any]) -> ShownSuppression:
    """Reads what ``shown_suppression_to_dict`` wrote."""
    address = Jid.parse(data["address"])
    known = (address, read_jid(data["lid"]), read_jid(data["phone"]))
    return ShownSuppression(
        suppression=Suppression(
            address=address,
            source=SuppressionSource(data["source"]),
            created_at=read_time(data["created_at"]),
            note=data["note"],
            message_id=None if data["message_id"] is None else MessageId(data["message_id"]),
        ),
        person=person_of(jid for jid in known if jid is not None),
    )
