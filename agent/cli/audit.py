"""``aryk audit``: is what arrived complete, and if not, what is missing."""

import asyncio
import contextlib
import json
import os
import ssl
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import click
from rich.console import Console
from rich.live import Live

from agent.audit import TOPICS, Auditor, Verdict
from agent.audit.listen import Broker, ListenError, address
from agent.audit.recording import Recorder, replay
from agent.audit.session import Session
from agent.audit.table import lines, screen
from agent.cli.options import ask_password
from agent.cli.table import is_live

_PATIENCE: Final = 180.0  # s for a verdict: a ledger comes each 30 s, and it takes two

_FILE: Final = click.Path(path_type=Path)


def _level(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and ({"+", "#", "\0"} & set(value) or not value):
        raise click.BadParameter("write levels of a topic, without + and #.")
    return value


@click.command()
@click.argument("source", metavar="[URL|FILE|-]", default="mqtt://localhost")
@click.option("--station", callback=_level, help="Only this one; otherwise all of the broker.")
@click.option("--root", default="aryk", callback=_level, help="The first levels of the topics.")
@click.option("--from-start", is_flag=True, help="Ask for everything from number 1 on.")
@click.option("--once", is_flag=True, help="End as soon as everything can be judged.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    help="End after so long at the latest.",
)
@click.option("--record", type=click.Path(path_type=Path), help="Append what is heard to a file.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@click.option("--ca", type=_FILE, help="The authority that signed the broker's certificate.")
@click.option("--certificate", type=_FILE, help="Your own certificate.")
@click.option("--key", type=_FILE, help="Its key.")
@click.option("--username", help="Who you are to the broker.")
@click.option("--password-file", type=_FILE, help="Holds the password; asked for if left out.")
@click.option("--protocol", type=click.Choice(["3", "5"]), default="5", help="3 is MQTT 3.1.1.")
def audit(
    *,
    source: str,
    station: str | None,
    root: str,
    from_start: bool,
    once: bool,
    seconds: float | None,
    record: Path | None,
    as_json: bool,
    **access: Any,
) -> None:
    """Prove that everything arrived, or name what is missing.

    Listens to a broker, or judges a recording. The exit status is 0 where everything is complete, 1
    where it isn't or nothing can be proved.
    """
    auditor, console = Auditor(root, whole=from_start), Console()
    live = is_live(console) and not as_json
    if "://" in source:
        if seconds is None and (once or not (live or record)):
            once, seconds = True, _PATIENCE
        topics = [f"{root}/{station or '+'}/{kind}" for kind in TOPICS]
        broker = _broker(url=source, **access)
        with _recorder(record) as recorder, _shown(console if live else None) as look:
            session = Session(auditor, recorder)
            _run(session.run(broker, topics, once=once, seconds=seconds, look=look), record)
    elif record is None:
        _replay(source, auditor)
    else:
        raise click.UsageError("--record goes with a broker's address, not with a recording.")
    _tell(auditor.verdict(), console, as_json=as_json)


@contextmanager
def _recorder(path: Path | None) -> Iterator[Recorder | None]:
    if path is None:
        yield None
        return
    try:
        recorder = Recorder(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    with recorder:
        yield recorder


@contextmanager
def _shown(console: Console | None) -> Iterator[Callable[[Verdict], None]]:
    """Show verdicts in one place of a terminal, if there is one."""
    if console is None:
        yield lambda _: None
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield lambda verdict: live.update(screen(verdict), refresh=True)


def _run(listening: Coroutine[Any, Any, None], record: Path | None) -> None:
    try:
        asyncio.run(listening)
    except ListenError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise _unwritable(record, error) from error


def _unwritable(path: Path | None, error: OSError) -> click.ClickException:
    return click.ClickException(
        f"{path} can't be written: {error.strerror}. Record to another file"
    )


def _replay(source: str, auditor: Auditor) -> None:
    try:
        with contextlib.suppress(KeyboardInterrupt):  # the end of what is piped in
            if source == "-":
                replay(sys.stdin.buffer, auditor)
            else:
                with Path(source).open("rb") as recording:
                    replay(recording, auditor)
    except OSError as error:
        raise click.ClickException(
            f"{source} can't be read: {error.strerror}. Name a recording, or a broker: mqtt://host"
        ) from error


def _broker(
    *,
    url: str,
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
    username: str | None,
    password_file: Path | None,
    protocol: str,
) -> Broker:
    try:
        secure, host, port = address(url)
    except ListenError as error:
        raise click.UsageError(str(error)) from error
    if not secure and (ca or certificate or key):
        raise click.UsageError("Write mqtts:// where certificates are to be used.")
    version: Literal[3, 5] = 5 if protocol == "5" else 3
    tls = _tls(ca, certificate, key) if secure else None
    return Broker(url, host, port, tls, username, ask_password(username, password_file), version)


def _tls(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    for path in (ca, certificate, key):
        if path is not None and not os.access(path, os.R_OK):
            raise click.ClickException(f"{path} can't be read. Check its path and rights.")
    try:
        context = ssl.create_default_context(cafile=ca)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise click.ClickException(
            f"The certificates can't be used: {error}. Each must be a PEM file, and the key the "
            "certificate's own"
        ) from error
    return context


def _tell(verdict: Verdict, console: Console, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(verdict.facts(), ensure_ascii=False, indent=2))
    elif console.is_terminal:
        console.print(screen(verdict))
    else:
        click.echo("\n".join(lines(verdict)))
    sys.exit(0 if verdict.complete else 1)
