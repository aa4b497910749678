"""`pombo`: the commands."""

import json
import os
import sys
import uuid
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import InvalidArgumentError, PomboError, UnavailableError
from entrypoints.cli import events as event_reader
from entrypoints.cli.access import keys as keys_app
from entrypoints.cli.access import users as users_app
from entrypoints.cli.client import GatewayClient
from entrypoints.cli.console import ExitCode, err, exit_code_of, out, render_error
from entrypoints.cli.demo_settings import load_sandbox_settings
from entrypoints.cli.running import ApiKey, AsJson, Url, run_async, with_client
from entrypoints.settings import Settings, default_data_dir, forget_secrets, load_settings

app = typer.Typer(
    name="pombo",
    help="A self-hosted WhatsApp gateway. Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 no gateway.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)

app.add_typer(users_app)
app.add_typer(keys_app)
SessionArgument = Annotated[str, typer.Argument(metavar="SESSION", help="The session's id.")]


@app.command()
def serve(
    role: Annotated[
        str | None, typer.Option("--role", help="all, or api or worker of several; POMBO_ROLE, all by default.")
    ] = None,
) -> None:
    """Run the gateway. Its settings come from the environment and .env; Ctrl-C stops it."""
    from entrypoints.cli.serve import serve as serve_gateway  # noqa: PLC0415 - loaded only by this command
    from entrypoints.logging import configure_logging  # noqa: PLC0415 - loaded only by this command

    settings = load_settings() if role is None else load_settings(POMBO_ROLE=role)
    forget_secrets()
    configure_logging(level=settings.log_level, format=settings.log_format or _log_format(settings))
    run_async(serve_gateway(settings, out()))


@app.command()
def sandbox(
    data_dir: Annotated[Path | None, typer.Option(help="Where it keeps its state.")] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="The page over HTTP; 8800. 0: any.")] = None,
    https_port: Annotated[int | None, typer.Option(help="The page over HTTPS; 8843. 0: any.")] = None,
    control_port: Annotated[int | None, typer.Option(help="Control API and phones; 8801. 0: any.")] = None,
) -> None:
    """Run a WhatsApp of our own on this machine, to develop and test against."""
    from entrypoints.cli.sandbox import serve_sandbox  # noqa: PLC0415 - loaded only by this command
    from entrypoints.logging import configure_logging  # noqa: PLC0415 - loaded only by this command
    from sandbox.config import SandboxConfig  # noqa: PLC0415 - loaded only by this command

    ports = load_sandbox_settings()
    configure_logging(level="info")
    config = SandboxConfig(
        data_dir=data_dir or default_data_dir().with_name("pombo-sandbox"),
        host=host,
        port=ports.port if port is None else port,
        https_port=ports.https_port if https_port is None else https_port,
        control_port=ports.control_port if control_port is None else control_port,
    )
    run_async(serve_sandbox(config, out()))


@app.command()
def demo(
    *, once: Annotated[bool, typer.Option("--once", help="End after the main job instead of serving on.")] = False
) -> None:
    """Run sandbox and gateway here, and show the main job: link, send, receipts, answer."""
    from entrypoints.cli.demo import Demo  # noqa: PLC0415 - loaded only by this command

    run_async(Demo(load_settings(), load_sandbox_settings(), out()).run(once=once))


@app.command()
def doctor() -> None:
    """Check this machine and the settings; say what to do about what is missing."""
    from entrypoints.cli.doctor import examine  # noqa: PLC0415 - loaded only by this command

    run_async(examine(out()))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; it gets mode 0600.")],
    *,
    media: Annotated[bool, typer.Option("--media", help="The files' contents, too, from disk or from S3.")] = False,
    keys: Annotated[
        bool,
        typer.Option("--keys", help="What logins and API keys are under, too. The file then opens the accounts."),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Take the place of a file that is there.")] = False,
) -> None:
    """Write a backup: the database and the sealed logins, as they are at one moment. The gateway may run meanwhile."""
    from entrypoints.cli.backup import run_backup  # noqa: PLC0415 - loaded only by this command

    run_async(run_backup(load_settings(), err(), file, media=media, keys=keys, overwrite=overwrite))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `pombo backup` wrote.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Drop what the database and Redis hold now.")] = False,
    revoke_keys: Annotated[
        bool, typer.Option("--revoke-keys", help="Revoke all API keys of the backup: some were, after it was made.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Only prove that the file is whole; needs no server.")] = False,
) -> None:
    """Restore a backup into empty servers, while no gateway runs on them."""
    from entrypoints.cli.backup import run_check, run_restore  # noqa: PLC0415 - loaded only by this command

    run_async(
        run_check(err(), file)
        if check
        else run_restore(load_settings(), err(), file, replace=replace, revoke_keys=revoke_keys)
    )


audit = typer.Typer(help="The audit log: who did what, and whether it is still what was written.", no_args_is_help=True)
app.add_typer(audit, name="audit")


@audit.command()
def verify(
    *,
    expect: Annotated[
        str | None,
        typer.Option("--expect", metavar="SEQUENCE:HASH", help="A place that was noted elsewhere; it must be in it."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A file that was exported, instead of the database.")
    ] = None,
) -> None:
    """Check that no entry was changed, removed, added or moved; print the newest one's place. Exit code 1: one was."""
    from entrypoints.cli.audit import run_verify  # noqa: PLC0415 - loaded only by this command

    run_async(run_verify(load_settings(), out(), err(), file=file, expected=expect))


@audit.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The file to write, with mode 0600; standard output.")
    ] = None,
    *,
    after: Annotated[int, typer.Option("--after", help="Go on behind this entry, by its sequence.", min=0)] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Take the place of a file that is there.")] = False,
) -> None:
    """Write the entries as JSON Lines, oldest first. That they were exported is an entry itself."""
    from entrypoints.cli.audit import run_export  # noqa: PLC0415 - loaded only by this command

    run_async(run_export(load_settings(), err(), file=file, after=after, overwrite=overwrite))


@app.command()
def link(
    session: SessionArgument,
    pairing_code: Annotated[
        str | None, typer.Option("--pairing-code", metavar="PHONE", help="Link by a code for this number, not by QR.")
    ] = None,
    *,
    create: Annotated[bool, typer.Option("--create", help="Make the session when there is none.")] = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Link a session to a WhatsApp account: shows its QR and waits until it works."""
    from entrypoints.cli.link import Linking  # noqa: PLC0415 - loaded only by this command

    async def work(client: GatewayClient) -> None:
        linked = await Linking(client, err(), session, phone=pairing_code).run(create=create)
        me = linked.get("me") or {}
        out().print(f"{session} is WORKING as +{me.get('phone')} ({me.get('name') or 'no name'})", markup=False)

    with_client(url, api_key, work)


@app.command()
def send(
    session: SessionArgument,
    to: Annotated[str, typer.Argument(metavar="TO", help="A phone number with country code, or a JID.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to send.")],
    *,
    key: Annotated[
        str | None,
        typer.Option(help="A name of this request: sending again with it sends nothing twice. Default: a new one."),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Send a text message, and wait until WhatsApp has it."""
    request = uuid.uuid4().hex if key is None else key
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError("INVALID_TEXT", "The text isn't valid UTF-8.") from None

    async def work(client: GatewayClient) -> None:
        body = {"session_id": session, "to": to, "type": "text", "text": {"body": text}}
        try:
            message = await client.call("POST", "/messages/send", body=body, key=request)
        except UnavailableError:
            hint = f"Whether it was accepted isn't known: send it again with --key {request}, and it goes out once."
            err().print(hint, markup=False)
            raise
        out().print(
            json.dumps(message, ensure_ascii=False) if as_json else f"{message['id']} {message['status']}", markup=False
        )

    with_client(url, api_key, work)


@app.command()
def events(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until interrupted.")] = False,
    after: Annotated[
        str | None,
        typer.Option(help="The cursor (sequence) to read from. Default: the beginning; with --follow: from now on."),
    ] = None,
    session: Annotated[str | None, typer.Option(help="Only this session's.")] = None,
    types: Annotated[str | None, typer.Option(help="Only these types, separated by commas.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Read the event log."""

    async def work(client: GatewayClient) -> None:
        selection = event_reader.Selection(session=session, types=types)
        stream = (
            event_reader.follow(client, selection, after=after, on_lost=lambda error: err().print(render_error(error)))
            if follow
            else event_reader.read(client, selection, after=after or "0")
        )
        console = out()
        async with aclosing(stream):
            async for event in stream:
                if as_json:
                    console.print(json.dumps(event, ensure_ascii=False), markup=False)
                else:
                    console.print(event_reader.line(event))

    with_client(url, api_key, work)


def _log_format(settings: Settings) -> str | None:
    return "json" if settings.app_env == "production" else None


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and gives its exit code: every known failure is one clear message, never a traceback."""
    try:
        app(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.OK
    except PomboError as error:
        err().print(render_error(error))
        return exit_code_of(error)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough (`pombo events | head`); flushing at exit must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILURE
    return ExitCode.OK


def main() -> None:
    """The program's entry."""
    sys.exit(run())
