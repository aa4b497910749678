"""Linking a session to an account: its QR, its pairing code."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from application.representation.values import time_to_text
from domain.session import QrCode
from entrypoints.rest.config import MAX_WAIT
from entrypoints.rest.json_codec import JSON, json_response
from entrypoints.rest.models import sessions as models
from entrypoints.rest.negotiation import negotiate
from entrypoints.rest.qr_image import PNG, SVG, TEXT, render_qr
from entrypoints.rest.reasons import BODY, problems
from entrypoints.rest.request_keys import KEYED, IdempotencyKey, key_of
from entrypoints.rest.routes.sessions import SESSION
from entrypoints.use_cases import UseCases

_OFFERS: Final = (JSON, PNG, SVG, TEXT)
_QR: Final = f"{SESSION}/qr"
_REASONS: Final = (
    *("INVALID_REQUEST", "INVALID_SESSION_ID", "SESSION_NOT_FOUND", "ALREADY_LINKED", "SESSION_NOT_RUNNING"),
    *("PASSKEY_REQUIRED", "QR_NOT_READY", "PAGE_UNAVAILABLE", "CACHE_UNAVAILABLE"),
)
_FORMS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The QR, in the form that the Accept header asks for.",
        "content": {
            PNG: {"schema": {"type": "string", "format": "binary"}},
            SVG: {"schema": {"type": "string"}},
            TEXT: {"schema": {"type": "string", "description": "For a dark terminal."}},
        },
    },
    406: {
        "description": "- `NOT_ACCEPTABLE`: the Accept header names none of these forms.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}

Accept = Annotated[
    str | None,
    Header(
        description=f"`{JSON}` (the default), `{PNG}`, `{SVG}` or `{TEXT}`.",
        # OpenAPI ignores a parameter of this name: the forms are told by the answer's content.
        include_in_schema=False,
    ),
]


def _wait(seconds: int, description: str) -> Any:
    return Query(ge=0, le=int(MAX_WAIT.total_seconds()), description=description, examples=[seconds])


class LinkingRoutes:
    """The routes of linking."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""
        common: dict[str, Any] = {"tags": ["Linking"], "response_model": models.Qr}
        router.add_api_route(
            _QR,
            self.get_qr,
            methods=["GET"],
            operation_id="getQr",
            responses=_FORMS | problems(*_REASONS, "QR_EXPIRED"),
            **common,
        )
        router.add_api_route(
            _QR,
            self.refresh_qr,
            methods=["POST"],
            operation_id="refreshQr",
            responses=_FORMS | problems(*_REASONS, *KEYED, "OWNER_SILENT"),
            **common,
        )
        router.add_api_route(
            f"{SESSION}/pairing-code",
            self.request_pairing_code,
            methods=["POST"],
            operation_id="requestPairingCode",
            responses=problems(
                *(*BODY, *KEYED, "INVALID_SESSION_ID", "INVALID_PHONE", "SESSION_NOT_FOUND", "ALREADY_LINKED"),
                *("SESSION_NOT_RUNNING", "OWNER_SILENT", "PASSKEY_REQUIRED"),
                *("NUMBER_NOT_ON_WHATSAPP", "PAIRING_CODE_RATE_LIMITED"),
                *("CAPABILITY_UNAVAILABLE", "PAGE_NOT_READY", "PAGE_UNAVAILABLE"),
            ),
            **common | {"response_model": models.PairingCode},
        )

    async def get_qr(
        self,
        session_id: str,
        wait: Annotated[int, _wait(20, "Seconds to wait for a QR while the session starts.")] = 0,
        accept: Accept = None,
    ) -> Response:
        """Gives the QR that a session shows at present, as JSON, PNG, SVG or text.

        It changes every 20 to 60 seconds. After some QRs WhatsApp Web shows no more until a new batch is asked
        for with POST.
        """
        media_type = negotiate(accept, _OFFERS)
        qr = await self._use_cases.get_qr.execute(session_id, wait=timedelta(seconds=wait))
        return await _answer(qr, media_type)

    async def refresh_qr(
        self,
        session_id: str,
        wait: Annotated[int, _wait(20, "Seconds to wait for the first QR of the batch.")] = 20,
        accept: Accept = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Asks for a new batch of QRs after the last one has ended, and gives its first; else the present one."""
        media_type = negotiate(accept, _OFFERS)
        qr = await self._use_cases.refresh_qr.execute(
            session_id, wait=timedelta(seconds=wait), request=key_of(idempotency_key)
        )
        return await _answer(qr, media_type)

    async def request_pairing_code(
        self, session_id: str, body: models.PairingCodeRequest, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Gets a code that links by typing it on the phone instead of scanning a QR."""
        code = await self._use_cases.request_pairing_code.execute(
            session_id, phone=body.phone, request=key_of(idempotency_key)
        )
        return json_response({"code": code.code, "expires_at": time_to_text(code.expires_at)})


async def _answer(qr: QrCode, media_type: str) -> Response:
    headers = {"Vary": "Accept"}
    if media_type == JSON:
        return json_response({"qr": qr.text, "expires_at": time_to_text(qr.expires_at)}, headers=headers)
    picture = await asyncio.to_thread(render_qr, qr.text, media_type)
    return Response(picture, media_type=media_type, headers=headers)
