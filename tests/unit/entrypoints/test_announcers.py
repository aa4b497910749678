"""The gateway's progress, for people and for programs."""

import io
import json

import pytest
from rich.console import Console

from entrypoints.cli.serve import LineAnnouncer, TerminalAnnouncer
from entrypoints.runtime.announcer import Addresses, Announcer

ADDRESSES = Addresses(rest="http://127.0.0.1:8080", grpc="127.0.0.1:50051")


def tell_all(announcer: Announcer) -> None:
    announcer.step("looking for a browser")
    announcer.warn("beware of [brackets]")
    announcer.api_key("pombo_key")
    announcer.webhook_secret("whsec_secret")
    announcer.ready(ADDRESSES)


def test_people_read_sentences() -> None:
    buffer = io.StringIO()
    tell_all(TerminalAnnouncer(Console(file=buffer, width=100)))
    text = buffer.getvalue()
    for shown in (
        "looking for a browser",
        "beware of [brackets]",
        "pombo_key",
        "whsec_secret",
        "http://127.0.0.1:8080/docs",
        "50051",
    ):
        assert shown in text


def test_programs_read_lines(capsys: pytest.CaptureFixture[str]) -> None:
    tell_all(LineAnnouncer())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == [
        "gateway.step",
        "gateway.warning",
        "gateway.api_key",
        "gateway.webhook_secret",
        "gateway.ready",
    ]
    assert (lines[-1]["rest"], lines[-1]["grpc"]) == (ADDRESSES.rest, ADDRESSES.grpc)
