"""The webhook receivers in memory keep the contract of the sender's port."""

import pytest

from adapters.memory.webhook_sender import REFUSED_HOST, MemoryWebhookReceivers, MemoryWebhookSender
from adapters.system.system_clock import SystemClock
from tests.contracts.webhook_sender import Answering, WebhookSenderContract


@pytest.fixture
def receivers() -> MemoryWebhookReceivers:
    return MemoryWebhookReceivers()


@pytest.fixture
def sender(receivers: MemoryWebhookReceivers) -> MemoryWebhookSender:
    return MemoryWebhookSender(receivers, SystemClock())


@pytest.fixture
def answering(receivers: MemoryWebhookReceivers) -> Answering:
    async def answer(status: int) -> str:
        receivers.standing["https://hook.test/"] = status
        return "https://hook.test/"

    return answer


@pytest.fixture
def refused() -> str:
    return f"{REFUSED_HOST}/hook"


class TestMemoryWebhookSender(WebhookSenderContract):
    pass
