"""What every webhook sender does.

Fixtures: ``sender``; ``answering``, which makes an address where a receiver answers with a status; and ``refused``, an
address that no request may go to.
"""

from collections.abc import Awaitable, Callable

import pytest

from application.ports.webhook_sender import WebhookSender
from domain.errors import InvalidArgumentError
from domain.webhook import DeliveryOutcome
from tests.contracts.samples import IDS, webhook

type Answering = Callable[[int], Awaitable[str]]


class WebhookSenderContract:
    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            (200, DeliveryOutcome.DELIVERED),
            (204, DeliveryOutcome.DELIVERED),
            (302, DeliveryOutcome.REDIRECTED),
            (400, DeliveryOutcome.REFUSED),
            (410, DeliveryOutcome.GONE),
            (500, DeliveryOutcome.REFUSED),
        ],
    )
    async def test_an_answer_has_its_outcome(
        self, sender: WebhookSender, answering: Answering, status: int, outcome: DeliveryOutcome
    ) -> None:
        endpoint = webhook(url=await answering(status))
        sender.check_target(endpoint.url)
        result = await sender.send(endpoint, IDS.event_id(), "{}")
        assert (result.outcome, result.status) == (outcome, status)
        assert result.delivered == (outcome is DeliveryOutcome.DELIVERED)

    async def test_a_refused_target(self, sender: WebhookSender, refused: str) -> None:
        with pytest.raises(InvalidArgumentError) as caught:
            sender.check_target(refused)
        assert (caught.value.reason, caught.value.field) == ("WEBHOOK_TARGET_REFUSED", "url")
        result = await sender.send(webhook(url=refused), IDS.event_id(), "{}")
        assert (result.outcome, result.status) == (DeliveryOutcome.TARGET_REFUSED, None)
