"""`pombo link`: from no session to one that works, and why not."""

import asyncio
import io
from datetime import timedelta

import pytest
from rich.console import Console

from adapters.memory.driver import Operation, Refuse
from application.sessions.create_session import CreateSessionCommand
from domain.errors import NotFoundError, PomboError, UnavailableError
from domain.ids import SessionId
from domain.session import SessionStatus
from entrypoints.cli.client import GatewayClient
from entrypoints.cli.link import Linking
from entrypoints.cli.running import first_of
from tests.integration.cli.conftest import ANA, Gateway

SESSION = SessionId("demo")


class Screen:
    def __init__(self) -> None:
        self.buffer = io.StringIO()
        self.console = Console(file=self.buffer, width=100)

    @property
    def text(self) -> str:
        return self.buffer.getvalue()


@pytest.fixture
def screen() -> Screen:
    return Screen()


async def link(linking: Linking, *, create: bool = True) -> str:
    async with asyncio.timeout(20):
        try:
            return str((await linking.run(create=create))["status"])
        except* PomboError as group:
            raise first_of(group) from None


async def test_a_new_session_is_made_shown_and_linked(gateway: Gateway, client: GatewayClient, screen: Screen) -> None:
    async def scan(qr: str) -> None:
        gateway.whatsapp.scan(ANA, qr)

    assert await link(Linking(client, screen.console, SESSION, on_qr=scan)) == "WORKING"
    assert "Link a device" in screen.text
    assert "▀" in screen.text
    assert await link(Linking(client, screen.console, SESSION), create=False) == "WORKING"


async def test_a_new_qr_is_shown_when_the_first_has_gone(
    gateway: Gateway, client: GatewayClient, screen: Screen
) -> None:
    seen: list[str] = []

    async def wait_and_scan(qr: str) -> None:
        seen.append(qr)
        if len(seen) == 1:
            gateway.whatsapp.rotate_qr(SESSION)
        else:
            gateway.whatsapp.scan(ANA, qr)

    assert await link(Linking(client, screen.console, SESSION, on_qr=wait_and_scan)) == "WORKING"
    assert len(set(seen)) == 2


async def test_an_ended_batch_is_asked_for_again(gateway: Gateway, client: GatewayClient, screen: Screen) -> None:
    seen: list[str] = []

    async def let_it_end(qr: str) -> None:
        seen.append(qr)
        if len(seen) == 1:
            while gateway.whatsapp.rotate_qr(SESSION):
                pass
        elif (shown := gateway.whatsapp.page(SESSION).qr) is not None and shown.text == qr:
            gateway.whatsapp.scan(ANA, qr)

    assert await link(Linking(client, screen.console, SESSION, on_qr=let_it_end)) == "WORKING"


async def test_a_pairing_code_is_shown(gateway: Gateway, client: GatewayClient, screen: Screen) -> None:
    linking = asyncio.ensure_future(link(Linking(client, screen.console, SESSION, phone=f"+{ANA}")))
    async with asyncio.timeout(10):
        while "Enter the code" not in screen.text:
            await gateway.whatsapp.clock.sleep(timedelta(milliseconds=10))
    code = screen.text.partition("Enter the code ")[2][:9]
    assert code[4] == "-"
    gateway.whatsapp.enter_code(ANA, code.replace("-", ""))
    assert await linking == "WORKING"


async def test_a_session_that_is_not_there_needs_create(client: GatewayClient, screen: Screen) -> None:
    with pytest.raises(NotFoundError, match="--create"):
        await link(Linking(client, screen.console, SESSION), create=False)


async def test_a_missing_browser_is_explained(gateway: Gateway, client: GatewayClient, screen: Screen) -> None:
    gateway.whatsapp.script(SESSION, Operation.OPEN, Refuse(UnavailableError("BROWSER_MISSING", "No browser.")))
    with pytest.raises(UnavailableError, match="BROWSER_PATH") as caught:
        await link(Linking(client, screen.console, SESSION))
    assert caught.value.reason == "BROWSER_MISSING"


async def test_a_demanded_passkey_is_explained(gateway: Gateway, client: GatewayClient, screen: Screen) -> None:
    async def demand(_: str) -> None:
        gateway.whatsapp.demand_passkey(SESSION)

    with pytest.raises(UnavailableError, match="passkey"):
        await link(Linking(client, screen.console, SESSION, on_qr=demand))


async def test_a_number_without_an_account_gets_no_code(client: GatewayClient, screen: Screen) -> None:
    with pytest.raises(PomboError) as caught:
        await link(Linking(client, screen.console, SESSION, phone="15550000009"))
    assert caught.value.reason == "NUMBER_NOT_ON_WHATSAPP"


async def test_a_logged_out_session_is_linked_anew(gateway: Gateway, client: GatewayClient, screen: Screen) -> None:
    await gateway.link()
    gateway.whatsapp.unlink(ANA, SESSION)
    async for view in await gateway.use_cases.watch_session.execute(SESSION):
        if view.session.status is SessionStatus.LOGGED_OUT:
            break

    async def scan(qr: str) -> None:
        gateway.whatsapp.scan(ANA, qr)

    assert await link(Linking(client, screen.console, SESSION, on_qr=scan)) == "WORKING"


async def test_a_stopped_session_is_started(gateway: Gateway, client: GatewayClient, screen: Screen) -> None:
    await gateway.use_cases.create_session.execute(CreateSessionCommand(id=SESSION, start=False))

    async def scan(qr: str) -> None:
        gateway.whatsapp.scan(ANA, qr)

    assert await link(Linking(client, screen.console, SESSION, on_qr=scan)) == "WORKING"
