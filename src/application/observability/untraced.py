"""Where nobody traces."""

from contextlib import AbstractContextManager, nullcontext
from typing import Final, override

from application.ports.tracer import Span, SpanKind, Tracer


class _NoSpan(Span):
    @override
    def note(self, name: str, value: str | int) -> None:
        pass

    @override
    def rename(self, name: str) -> None:
        pass

    @override
    def fail(self, reason: str) -> None:
        pass


_NOTHING: Final = nullcontext(_NoSpan())


class Untraced(Tracer):
    """Makes spans for nobody: one and the same, which costs nothing."""

    @override
    def span(
        self, name: str, *, kind: SpanKind = SpanKind.INTERNAL, parent: str | None = None, **notes: str | int
    ) -> AbstractContextManager[Span]:
        return _NOTHING

    @override
    def current(self) -> str | None:
        return None


UNTRACED: Final = Untraced()
