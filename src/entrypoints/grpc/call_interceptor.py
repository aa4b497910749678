"""What every call goes through: its name in the log, its key, its size, and the translation of its errors."""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, NoReturn, Self, override

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError

from application.access.authenticate import Authenticate
from application.access.principal import Principal
from application.audit.audited import AUTHENTICATE
from application.audit.call import AuditedCall
from application.audit.notes import NAMES
from application.limits.call_limits import CallLimits, TooManyCallsError
from application.observability import catalogue
from application.observability.instruments import NO_INSTRUMENTS, Instruments
from application.ports.metrics import Metrics
from application.ports.tracer import Span, SpanKind
from domain.audit import AuditTransport
from domain.errors import (
    DeadlineExceededError,
    ErrorKind,
    InternalError,
    InvalidArgumentError,
    PermissionDeniedError,
    PomboError,
    RateLimitedError,
    TooLargeError,
    UnauthenticatedError,
)
from entrypoints.audit_use_cases import AuditUseCases
from entrypoints.caller import ADDRESS, CALLER
from entrypoints.caller_address import FORWARDED_FOR, caller_address, caller_site, grpc_peer
from entrypoints.grpc.errors import DETAILS_KEY, to_rpc_status
from entrypoints.grpc.rules import MethodRules
from entrypoints.log_context import note_session
from entrypoints.networks import Network
from entrypoints.rate_fields import rate_fields
from entrypoints.status import STATUS

REQUEST_ID: Final = "x-request-id"
_TRACE: Final = "traceparent"
_OPEN: Final = "/grpc.health.v1.Health/"
"""The only service that needs no key: who asks for health often has none."""
_UNKNOWN: Final = "unknown"
"""Under what is measured and logged what isn't there: a caller must not be able to make labels."""
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_NAMED_WITHIN: Final = ("session", "webhook", "user")
"""What requests to change something hold, with its id."""
_HEALTH: Final = "getHealth"
_INTERNAL: Final = "The gateway failed on this request. Its log has the details under the request's id."
_SERVER_ERROR: Final = 500
_AGAIN_AFTER: Final = timedelta(seconds=1)
_log: Final = structlog.stdlib.get_logger(__name__)

type Handler = Any
"""A grpc.RpcMethodHandler; the stubs know only the synchronous ones."""
type Context = grpc.aio.ServicerContext[Any, Any]
type Behaviour = Callable[[Any, Context], Any]
type Reader = Callable[[AsyncIterator[Any]], Awaitable[Any]]
"""Gives a method what it takes: the one message of a call, or the stream of them."""


class UnknownMethodError(PomboError):
    """There is no such method. gRPC has a status for that, by which clients find out what a server can do."""

    kind = ErrorKind.CAPABILITY_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("METHOD_NOT_FOUND", "This server has no such method; reflection lists those it has.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodKinds:
    """What is known of methods by their full names.

    Attributes:
        sends: those that send a message.
        files: those that stream a file, which ends by itself.
    """

    sends: Collection[str]
    files: Collection[str]


class _Trailing:
    """The metadata behind an answer: the call's id, and how its caller stands with the rates."""

    def __init__(self, context: Context, request_id: str) -> None:
        self._context = context
        self.request_id = request_id
        self._fields = {REQUEST_ID: request_id}
        context.set_trailing_metadata(self.pairs())

    def tell(self, fields: Mapping[str, str]) -> None:
        """Adds fields, or replaces those of their names."""
        if fields:
            self._fields |= {name.lower(): value for name, value in fields.items()}
            self._context.set_trailing_metadata(self.pairs())

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """All of it."""
        return tuple(self._fields.items())


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Wraps every method. Cancellation passes through untouched."""

    def __init__(
        self,
        authenticate: Authenticate,
        rules: MethodRules,
        limits: CallLimits,
        audit: AuditUseCases,
        *,
        max_request_bytes: int,
        others: Mapping[str, int],
        stall: timedelta,
        methods: MethodKinds,
        trusted_proxies: Sequence[Network] = (),
        instruments: Instruments = NO_INSTRUMENTS,
    ) -> None:
        """Takes the largest request in bytes: of most methods, and of ``others`` by their full names."""
        self._authenticate = authenticate
        self._rules = rules
        self._limits = limits
        self._audit = audit
        self._methods = methods
        self._trusted = tuple(trusted_proxies)
        self._instruments = instruments
        self._max_request_bytes = max_request_bytes
        self._others = others
        self._stall = stall.total_seconds()

    @override
    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        return self._unknown() if handler is None else self._wrap(handler, handler_call_details.method)

    def _unknown(self) -> Handler:
        """What isn't there asks for a key as well, and counts: as over REST, where nobody is told what there is."""

        async def refuse(_: AsyncIterator[bytes], context: Context) -> None:
            async with self._call(_UNKNOWN, context):
                raise UnknownMethodError

        return grpc.stream_stream_rpc_method_handler(refuse)

    def _wrap(self, handler: Handler, method: str) -> Handler:
        # To gRPC no request is unary: one that is would be waited for before anybody is asked for a key, for as long as
        # its caller likes. It comes to us as bytes: what can't be read is then told like any other error.
        if handler.unary_unary is not None:
            return grpc.stream_unary_rpc_method_handler(
                self._answer(handler.unary_unary, method, self._reader(handler, method)),
                response_serializer=handler.response_serializer,
            )
        if handler.unary_stream is not None:
            return grpc.stream_stream_rpc_method_handler(
                self._stream(handler.unary_stream, method, self._reader(handler, method)),
                response_serializer=handler.response_serializer,
            )
        if handler.stream_stream is not None:
            return grpc.stream_stream_rpc_method_handler(
                self._stream(handler.stream_stream, method, _unchanged),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        return grpc.stream_unary_rpc_method_handler(
            self._collect(handler.stream_unary, method),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _answer(self, behaviour: Behaviour, method: str, read: Reader) -> Behaviour:
        async def answer(requests: AsyncIterator[bytes], context: Context) -> Any:
            # What is open to everybody isn't open any number of times: each holds as much as a message may be large.
            async with self._call(method, context, holds=method.startswith(_OPEN)) as call:
                message = await read(requests)
                async with self._audit.trail.calling(_naming(call, message)):
                    return await behaviour(message, context)

        return answer

    def _collect(self, behaviour: Behaviour, method: str) -> Behaviour:
        async def collect(requests: AsyncIterator[Any], context: Context) -> Any:
            async with self._call(method, context) as call, self._audit.trail.calling(call):
                return await behaviour(requests, context)

        return collect

    def _stream(self, behaviour: Behaviour, method: str, read: Reader) -> Behaviour:
        async def stream(requests: AsyncIterator[Any], context: Context) -> None:
            # Written by us: left to gRPC, a generator whose reader goes away is closed later, in another task.
            async with self._call(method, context, holds=method not in self._methods.files) as call:
                message = await read(requests)
                async with (
                    self._audit.trail.calling(_naming(call, message)),
                    aclosing(behaviour(message, context)) as items,
                ):
                    await self._write(items, context)

        return stream

    async def _write(self, items: AsyncIterator[Any], context: Context) -> None:
        async for item in items:
            try:
                async with asyncio.timeout(self._stall):
                    await context.write(item)
            except TimeoutError:
                raise _too_slow() from None
            except grpc.aio.InternalError:
                # How gRPC says that the reader left while this was on its way.
                return

    def _reader(self, handler: Handler, method: str) -> Reader:
        deserialize = handler.request_deserializer
        limit = self._others.get(method, self._max_request_bytes)
        # gRPC tells of whole messages only: what may be larger may take longer.
        within = self._stall * max(1.0, limit / self._max_request_bytes)

        async def read(requests: AsyncIterator[bytes]) -> Any:
            try:
                async with asyncio.timeout(within):
                    request = await anext(requests, None)
            except TimeoutError:
                raise DeadlineExceededError(
                    "REQUEST_TOO_SLOW", f"The request's message wasn't there in {within:g} seconds."
                ) from None
            if request is None:
                raise InvalidArgumentError("INVALID_REQUEST", "The call has no message.")
            if len(request) > limit:
                raise TooLargeError(
                    "BODY_TOO_LARGE",
                    f"A request's body has at most {limit} bytes.",
                    metadata={"limit_bytes": str(limit)},
                )
            try:
                message = request if deserialize is None else deserialize(request)
            except DecodeError as error:
                raise InvalidArgumentError(
                    "INVALID_REQUEST", "The request isn't a message of this method's type."
                ) from error
            note_session(getattr(message, "session_id", ""))
            return message

        return read

    @asynccontextmanager
    async def _call(self, method: str, context: Context, *, holds: bool = False) -> AsyncIterator[AuditedCall]:
        """The call, let in; ``holds`` counts it among its caller's open streams."""
        metadata = _metadata(context)
        request_id = _request_id(metadata.get(REQUEST_ID))
        trailing = _Trailing(context, request_id)
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id, rpc=method),
            self._instruments.tracer.span(
                method.lstrip("/"), kind=SpanKind.SERVER, parent=metadata.get(_TRACE), request_id=request_id
            ) as span,
            _Outcome(method, self._instruments.metrics, span) as outcome,
        ):
            try:
                with ExitStack() as stack:
                    call = await self._admit(method, metadata, context, trailing)
                    if holds:
                        scope = call.address if call.caller is None else call.caller.scope
                        stack.enter_context(self._limits.streams.hold(scope))
                    yield call
            except PomboError as error:
                outcome.error = error
            except grpc.aio.AbortError:
                raise
            except Exception as fault:  # noqa: BLE001 - whatever it is, the caller gets a status and the log the rest
                outcome.error = InternalError("INTERNAL", _INTERNAL)
                outcome.error.__cause__ = fault
            if outcome.error is not None:
                await self._tell(context, outcome.error, trailing)

    async def _admit(self, method: str, metadata: dict[str, str], context: Context, trailing: _Trailing) -> AuditedCall:
        """Lets the call in; gives what is known of it."""
        address = _address(context, self._trusted)
        ADDRESS.set(address)
        site, request_id = caller_site(address), trailing.request_id
        if method.startswith(_OPEN):
            await self._limits.admit_open(site)
            return _audited(_HEALTH, request_id, site)
        key = _key(metadata)
        try:
            admission = await self._limits.admit(
                lambda: self._authenticate.execute(key), address=site, sends=int(method in self._methods.sends)
            )
        except UnauthenticatedError as error:
            self._audit.refused(_audited(AUTHENTICATE, request_id, address), error)
            raise
        trailing.tell(rate_fields(admission.standings))
        if method == _UNKNOWN:
            return _audited(_HEALTH, request_id, address, admission.caller)
        call = _audited(self._rules.name_of(method), request_id, address, admission.caller)
        try:
            self._rules.of(method).check(admission.caller)
        except PermissionDeniedError as error:
            self._audit.trail.refused(call, error.reason, site=site)
            raise
        CALLER.set(admission.caller)
        return call

    async def _tell(self, context: Context, error: PomboError, trailing: _Trailing) -> NoReturn:
        try:
            # A status comes behind what isn't read yet, and is waited for only so long.
            async with asyncio.timeout(self._stall):
                await _abort(context, error, trailing)
        except TimeoutError:
            # Left like this, gRPC resets the stream.
            raise asyncio.CancelledError from None


class _Outcome:
    """How a call ended, for the log."""

    def __init__(self, method: str, metrics: Metrics, span: Span) -> None:
        self._method, self._metrics, self._span = method, metrics, span
        self._quiet = method.startswith(_OPEN)
        self._started = time.perf_counter()
        self.error: PomboError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        status, reason, level = grpc.StatusCode.OK, None, logging.DEBUG if self._quiet else logging.INFO
        if self.error is not None:
            status, reason = STATUS[self.error.kind].grpc, self.error.reason
            level = logging.WARNING if STATUS[self.error.kind].http >= _SERVER_ERROR else level
            if self.error.kind is ErrorKind.INTERNAL:
                _log.error("grpc.call_failed", reason=reason, exc_info=self.error)
        elif kind is not None:
            # The caller left, or the server cut the call off.
            status = grpc.StatusCode.CANCELLED
        seconds = time.perf_counter() - self._started
        self._metrics.observe(catalogue.REQUESTS, seconds, "grpc", self._method.lstrip("/"), status.name)
        self._span.note("status", status.name)
        if level >= logging.WARNING:
            self._span.fail(reason or status.name)
        _log.log(level, "grpc.call", status=status.name, reason=reason, duration_ms=round(seconds * 1000, 2))


def _audited(operation: str, request_id: str, address: str, caller: Principal | None = None) -> AuditedCall:
    return AuditedCall(
        transport=AuditTransport.GRPC, operation=operation, request_id=request_id, address=address, caller=caller
    )


def _naming(call: AuditedCall, message: Any) -> AuditedCall:
    """The call with what its request names."""
    names = {name: value for name in NAMES if isinstance(value := getattr(message, name, None), str)}
    for name in _NAMED_WITHIN:
        if (inner := getattr(message, name, None)) is not None:
            names[f"{name}_id"] = inner.id
    return replace(call, names=names)


async def _unchanged(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    return requests


def _too_slow() -> RateLimitedError:
    return RateLimitedError(
        "CONSUMER_TOO_SLOW",
        "Nothing of this stream was taken for too long; call again with the last sequence that was read.",
        retry_after=_AGAIN_AFTER,
    )


async def _abort(context: Context, error: PomboError, trailing: _Trailing) -> NoReturn:
    # As in REST, the caller gets no details of a fault of ours, whichever it is.
    told = InternalError("INTERNAL", _INTERNAL) if error.kind is ErrorKind.INTERNAL else error
    status = to_rpc_status(told)
    if isinstance(error, TooManyCallsError):
        trailing.tell(rate_fields(error.standings))
    await context.abort(
        STATUS[told.kind].grpc,
        status.message,
        (*trailing.pairs(), (DETAILS_KEY, status.SerializeToString())),
    )


def _metadata(context: Context) -> dict[str, str]:
    """The call's metadata; of a name that comes twice the first, and none of the binary ones."""
    found: dict[str, str] = {}
    for name, value in context.invocation_metadata() or ():
        if isinstance(value, str):
            found.setdefault(name, value)
    return found


def _address(context: Context, trusted: Sequence[Network]) -> str:
    forwarded = (
        value for name, value in context.invocation_metadata() or () if name == FORWARDED_FOR and isinstance(value, str)
    )
    return caller_address(grpc_peer(context.peer()), forwarded, trusted)


def _request_id(given: str | None) -> str:
    """The caller's own name for the call where it can stand in a log, else a new one."""
    return given if given is not None and _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def _key(metadata: dict[str, str]) -> str | None:
    if key := metadata.get("x-api-key"):
        return key
    scheme, _, key = metadata.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None
