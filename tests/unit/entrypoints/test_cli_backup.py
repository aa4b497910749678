"""What backups tell whoever waits for them."""

import io

from rich.console import Console

from entrypoints.cli.backup import ProgressLines


def told(every: float) -> str:
    buffer = io.StringIO()
    lines = ProgressLines(Console(file=buffer, width=200), every)
    lines("database/messages", 4 * 1024 * 1024)
    lines("logins/[bold]sales", 1_500 * 1024 * 1024)
    return buffer.getvalue()


def test_long_work_is_told_of_as_it_goes() -> None:
    assert told(0) == "… database/messages: 4.0 MiB\n… logins/[bold]sales: 1,500.0 MiB\n"


def test_work_of_a_moment_is_not() -> None:
    assert told(60) == ""
