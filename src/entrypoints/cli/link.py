"""`pombo link`: links a session to an account, with its QR or a pairing code in the terminal."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from rich.console import Console

from domain.errors import NotFoundError, PomboError, UnavailableError
from domain.ids import parse_session_id
from entrypoints.cli.client import GatewayClient, Json
from entrypoints.cli.qr import qr_text, qr_width

_POLL_SECONDS: Final = 2.0
_BATCHES: Final = 3
"""How often a new batch of QRs is asked for while nobody scans: about six minutes in all."""
_ENDED: Final = frozenset({"FAILED", "LOGGED_OUT", "STOPPED"})
_LOOK_AGAIN: Final = frozenset(
    {"QR_NOT_READY", "QR_EXPIRED", "ALREADY_LINKED", "PASSKEY_REQUIRED", "SESSION_NOT_RUNNING"}
)
"""Between two QRs there is none for a moment; and the session may have moved on since its status was read."""
_ADVICE: Final[Mapping[str, str]] = {
    "BROWSER_MISSING": "Install Chromium, or set BROWSER_PATH; `pombo doctor` says what it looked for.",
    "BROWSER_CRASHED": "Look at the gateway's log; `pombo doctor` tries the browser.",
    "PAGE_UNREACHABLE": "Check that the gateway's machine reaches the site that WHATSAPP_WEB_URL names.",
    "BANNED": "WhatsApp has banned this account; ask in the app on the phone for a review.",
    "UNLINKED_BY_PHONE": "It was unlinked on the phone; run the same command again.",
    "PASSKEY_DEMANDED": "WhatsApp asks this account for a passkey, which a linked browser can't give.",
    "REQUESTED": "Somebody stopped it.",
}


class Linking:
    """One run of the command: follows the session until it works.

    Args:
        client: the gateway.
        console: where the QR is shown.
        session_id: the session to link.
        phone: link by a pairing code for this number instead of by QR.
        on_qr: told of each QR after it was shown.
    """

    def __init__(
        self,
        client: GatewayClient,
        console: Console,
        session_id: str,
        *,
        phone: str | None = None,
        on_qr: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._client = client
        self._on_qr = on_qr
        self._console = console
        self._path = f"/sessions/{session_id}"
        self._session_id = session_id
        self._phone = phone
        self._changed = asyncio.Event()
        self._shown: str | None = None
        self._told: tuple[str, str] | None = None
        self._batches = 0

    async def run(self, *, create: bool) -> Json:
        """Links, and gives the session once it is ``WORKING``.

        Raises:
            PomboError: the gateway's own error, or why the session can't be linked.
        """
        # The id becomes part of an address: a wrong one would lead to another.
        parse_session_id(self._session_id)
        before = await self._existing(create=create)
        if before["status"] == "WORKING":
            return before
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(self._follow())
            started = await self._client.call("POST", f"{self._path}/start")
            try:
                return await self._until_working(before if before["status"] in _ENDED else started)
            finally:
                following.cancel()

    async def _existing(self, *, create: bool) -> Json:
        with suppress(NotFoundError):
            return await self._get()
        if not create:
            raise NotFoundError(
                "SESSION_NOT_FOUND", f"There is no session {self._session_id!r}; make it with --create."
            )
        return await self._client.call("POST", "/sessions", body={"id": self._session_id, "start": False})

    async def _get(self) -> Json:
        try:
            return await self._client.call("GET", self._path)
        except PomboError as error:
            if error.reason == "SESSION_NOT_FOUND":
                raise NotFoundError(error.reason, error.message) from error
            raise

    async def _follow(self) -> None:
        """Looks at once when the session's events say so; without them the poll does it."""
        with suppress(PomboError):
            async with self._client.stream(
                params={"session_id": self._session_id, "types": "session.status,session.qr"}
            ) as events:
                async for _ in events:
                    self._changed.set()

    async def _until_working(self, before: Json) -> Json:
        while True:
            self._changed.clear()
            session = await self._get()
            self._tell(session)
            if session["status"] == "WORKING":
                return session
            if session["status"] in _ENDED and session["status_at"] != before["status_at"]:
                raise _ended(session)
            if session["status"] == "PASSKEY_REQUIRED":
                raise _ended(session)
            if session["status"] == "SCAN_QR_CODE":
                await self._show_code(session)
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._changed.wait()

    def _tell(self, session: Json) -> None:
        now = (session["status"], session["status_reason"])
        if now != self._told:
            self._told = now
            self._console.print(f"[dim]{session['status']} ({session['status_reason']})[/dim]")

    async def _show_code(self, session: Json) -> None:
        if self._phone is not None:
            if self._shown is None:
                code = await self._client.call("POST", f"{self._path}/pairing-code", body={"phone": self._phone})
                self._shown = code["code"]
                self._print_pairing(code)
            return
        try:
            method = "POST" if session["status_reason"] == "QR_BATCH_ENDED" and self._next_batch() else "GET"
            qr = await self._client.call(method, f"{self._path}/qr")
        except PomboError as error:
            if error.reason in _LOOK_AGAIN:
                return
            raise
        if qr["qr"] != self._shown:
            self._shown = qr["qr"]
            self._print_qr(qr)
            if self._on_qr is not None:
                await self._on_qr(qr["qr"])

    def _next_batch(self) -> bool:
        self._batches += 1
        if self._batches >= _BATCHES:
            raise UnavailableError("QR_NOT_SCANNED", "Nobody scanned the QR. Run the same command again when ready.")
        return True

    def _print_qr(self, qr: Json) -> None:
        picture = qr_text(qr["qr"])
        self._console.print("\nOn the phone: WhatsApp > Settings > Linked devices > Link a device. Scan this:\n")
        if self._console.is_terminal and self._console.width < qr_width(picture):
            self._console.print(
                f"[yellow]The terminal is too narrow for it: make it {qr_width(picture)} wide.[/yellow]"
            )
        self._console.print(picture, crop=False)
        self._console.print(f"[dim]It lasts {_seconds_left(qr['expires_at'])} s; then the next one is shown.[/dim]")

    def _print_pairing(self, code: Json) -> None:
        text = str(code["code"])
        self._console.print(
            "\nOn the phone: WhatsApp > Settings > Linked devices > Link a device > Link with phone number instead."
            f"\nEnter the code [bold]{text[:4]}-{text[4:]}[/bold] within {_seconds_left(code['expires_at'])} s.\n"
        )


def _seconds_left(expires_at: str) -> int:
    return max(0, round((datetime.fromisoformat(expires_at) - datetime.now(UTC)).total_seconds()))


def _ended(session: Json) -> UnavailableError:
    reason = str(session["status_reason"])
    detail = f" ({session['status_detail']})" if session.get("status_detail") else ""
    return UnavailableError(
        reason, f"The session is {session['status']}{detail}. {_ADVICE.get(reason, 'Look at the gateway log.')}"
    )
