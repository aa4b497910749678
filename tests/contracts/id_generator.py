"""What every generator of ids does. Fixture: ``ids``."""

import re

from application.ports.id_generator import IdGenerator
from domain.ids import parse_session_id
from domain.jid import Jid

CHAT = Jid.parse("15550100002@c.us")


class IdGeneratorContract:
    def test_their_forms(self, ids: IdGenerator) -> None:
        for prefix, made in (("msg", ids.message_id()), ("evt", ids.event_id()), ("whk", ids.webhook_id())):
            assert re.fullmatch(rf"{prefix}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}", made)
        assert re.fullmatch(r"true_15550100002@c\.us_3EB0[0-9A-F]{18}", ids.outbound_whatsapp_id(CHAT))
        session_id = ids.session_id()
        assert parse_session_id(session_id) == session_id

    def test_they_rise_in_the_order_of_their_making(self, ids: IdGenerator) -> None:
        for make in (ids.message_id, ids.event_id, ids.webhook_id):
            made = [make() for _ in range(1_000)]
            assert made == sorted(set(made))

    def test_no_two_are_alike(self, ids: IdGenerator) -> None:
        assert len({ids.session_id() for _ in range(100)}) == 100
        assert len({ids.outbound_whatsapp_id(CHAT) for _ in range(1_000)}) == 1_000
