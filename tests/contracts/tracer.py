"""What every tracer does. Fixture: ``traced``."""

import asyncio
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pytest

from application.ports.tracer import SpanKind, Tracer

FAR_TRACE, FAR_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
FAR = f"00-{FAR_TRACE}-{FAR_SPAN}-01"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A span that is over, as whoever collects it has it."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str | None
    notes: Mapping[str, object]
    failure: str | None


class Traced(Protocol):
    @property
    @abstractmethod
    def tracer(self) -> Tracer: ...

    @abstractmethod
    def ended(self) -> Sequence[Ended]:
        """In the order of their ends."""


class TracerContract:
    def test_what_is_begun_meanwhile_is_a_child(self, traced: Traced) -> None:
        with traced.tracer.span("outer", kind=SpanKind.SERVER), traced.tracer.span("inner", kind=SpanKind.CLIENT):
            pass
        inner, outer = traced.ended()
        assert (inner.name, inner.kind, outer.name, outer.kind) == ("inner", "client", "outer", "server")
        assert inner.trace_id == outer.trace_id
        assert (inner.parent_id, outer.parent_id) == (outer.span_id, None)

    async def test_tasks_go_on_with_the_span_that_they_were_begun_in(self, traced: Traced) -> None:
        async def work(name: str) -> None:
            with traced.tracer.span(name):
                await asyncio.sleep(0)

        with traced.tracer.span("outer"):
            tasks = [asyncio.create_task(work(name)) for name in ("one", "two")]
        await asyncio.gather(*tasks)
        outer, one, two = sorted(traced.ended(), key=lambda span: ["outer", "one", "two"].index(span.name))
        assert one.parent_id == two.parent_id == outer.span_id

    def test_a_parent_from_elsewhere_is_gone_on_with(self, traced: Traced) -> None:
        with traced.tracer.span("around"), traced.tracer.span("work", parent=FAR):
            pass
        work = traced.ended()[0]
        assert (work.trace_id, work.parent_id) == (FAR_TRACE, FAR_SPAN)

    @pytest.mark.parametrize("parent", ["", "nonsense", FAR[:-4], FAR.replace("4b", "zz"), "00-" + "0" * 32 + FAR[35:]])
    def test_what_is_no_parent_counts_as_none(self, traced: Traced, parent: str) -> None:
        with traced.tracer.span("work", parent=parent):
            pass
        work = traced.ended()[0]
        assert work.parent_id is None
        assert work.trace_id != "0" * 32

    def test_the_present_span_can_be_handed_on(self, traced: Traced) -> None:
        assert traced.tracer.current() is None
        with traced.tracer.span("first"):
            handed = traced.tracer.current()
        assert traced.tracer.current() is None
        with traced.tracer.span("second", parent=handed):
            pass
        first, second = traced.ended()
        assert (second.trace_id, second.parent_id) == (first.trace_id, first.span_id)

    def test_it_tells_what_is_noted(self, traced: Traced) -> None:
        with traced.tracer.span("begun", session_id="sales") as span:
            span.note("attempt", 2)
            span.rename("work")
            span.fail("SEND_REFUSED")
        work = traced.ended()[0]
        assert (work.name, work.failure) == ("work", "SEND_REFUSED")
        assert (work.notes["session_id"], work.notes["attempt"]) == ("sales", 2)

    def test_an_exception_passes_and_is_not_described(self, traced: Traced) -> None:
        with pytest.raises(ZeroDivisionError), traced.tracer.span("work"):
            raise ZeroDivisionError("+1 555 010 0200")
        assert "0200" not in str(traced.ended())
        assert traced.tracer.current() is None
