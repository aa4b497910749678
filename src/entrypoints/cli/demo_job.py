"""The main job, shown: link a session, send, see the receipts, get an answer."""

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Final

from rich.console import Console

from domain.errors import PomboError, UnavailableError
from entrypoints.cli.client import GatewayClient, Json, ServerSentEvent
from entrypoints.cli.link import Linking
from entrypoints.cli.sandbox_client import SandboxClient

SESSION: Final = "demo"
OWN_PHONE: Final = "15550100001"
OTHER_PHONE: Final = "15550100002"
_DELIVER_MS: Final = 300
_READ_MS: Final = 900
_GREETING: Final = "Hello from Pombo!"


class MainJob:
    """One run. Every step is awaited as an event of the gateway's; nothing is assumed."""

    def __init__(self, gateway: GatewayClient, sandbox: SandboxClient, console: Console) -> None:
        self._gateway = gateway
        self._sandbox = sandbox
        self._console = console
        self._began = time.monotonic()

    async def run(self) -> None:
        """Does it.

        Raises:
            PomboError: what didn't happen.
        """
        await self._sandbox.ensure_account(OWN_PHONE, "Ana")
        await self._sandbox.ensure_account(
            OTHER_PHONE, "Ben", online=True, deliver_after_ms=_DELIVER_MS, read_after_ms=_READ_MS
        )
        await self._link()
        async with self._gateway.stream(params={"session_id": SESSION}) as events:
            await self._send(events)
            await self._answer(events)

    async def _link(self) -> None:
        known = await self._known()
        if known is not None and known["me"] is not None:
            self._step(f"session {SESSION!r} found: it is linked, so no QR is needed")

        async def scan(qr: str) -> None:
            if await self._sandbox.scan(OWN_PHONE, qr):
                self._step("the sandbox phone has scanned it")

        session = await Linking(self._gateway, self._console, SESSION, on_qr=scan).run(create=True)
        self._step(f"session {SESSION!r} is WORKING as +{session['me']['phone']}")

    async def _known(self) -> Json | None:
        try:
            return await self._gateway.call("GET", f"/sessions/{SESSION}")
        except PomboError as error:
            if error.reason != "SESSION_NOT_FOUND":
                raise
            return None

    async def _send(self, events: AsyncIterator[ServerSentEvent]) -> None:
        body = {"session_id": SESSION, "to": f"+{OTHER_PHONE}", "type": "text", "text": {"body": _GREETING}}
        message = await self._gateway.call("POST", "/messages/send", body=body)
        self._step(f"sent {_GREETING!r} to +{OTHER_PHONE}: {message['status']}")
        while message["status"] != "READ":
            ack = await _next(events, "message.ack", lambda payload: payload["message_id"] == message["id"])
            message["status"] = ack["status"]
            self._step(f"receipt: {ack['status']}")

    async def _answer(self, events: AsyncIterator[ServerSentEvent]) -> None:
        text = f"Hello back from the phone, at {datetime.now(UTC):%H:%M:%S.%f}!"
        await self._sandbox.send(OTHER_PHONE, OWN_PHONE, text)
        self._step("the other phone answers")
        payload = await _next(
            events, "message.received", lambda payload: payload["message"].get("text", {}).get("body") == text
        )
        message = payload["message"]
        self._step(f"event message.received: {message['text']['body']!r} from {message['from']}")

    def _step(self, text: str) -> None:
        seconds = time.monotonic() - self._began
        self._console.print(f"[green]✓[/green] [dim]{seconds:5.1f} s[/dim] ", end="")
        self._console.print(text, markup=False)


async def _next(events: AsyncIterator[ServerSentEvent], event_type: str, wanted: Callable[[Json], bool]) -> Json:
    """The payload of the next event that is wanted."""
    async for event in events:
        if event.data["type"] == event_type and wanted(event.data["payload"]):
            payload: Json = event.data["payload"]
            return payload
    raise UnavailableError("EVENT_STREAM_ENDED", "The gateway closed the event stream.")
