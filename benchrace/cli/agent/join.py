"""`benchrace agent join`: join a central with an invitation, and start the agent."""

import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from benchrace import __version__
from benchrace.api.joining import CLOCK_S, JoinAnswer, JoinRequest, OwnMachine
from benchrace.api.paths import JOIN, SELF
from benchrace.cli import options
from benchrace.cli.agent import join_checks, link
from benchrace.cli.agent.idle import check_idle
from benchrace.cli.agent.join_checks import Address
from benchrace.cli.agent.leave import revoke
from benchrace.cli.agent.starting import Start
from benchrace.cli.connect.client import Client
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.service.install import background
from benchrace.cli.service.service import Record, Service, Status, agent_service
from benchrace.cli.service.settings import agent_file, agent_path
from benchrace.config.agent import AgentConfig
from benchrace.config.joined import Joined, joined_path
from benchrace.config.machine_id import machine_id
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.formatting import duration
from benchrace.redaction import SECRETS
from benchrace.run.machine import MachineState
from benchrace.store import atomic
from benchrace.tls.pinning import fetch_pinned
from benchrace.tls.trust import Trust

if TYPE_CHECKING:
    from benchrace.agent.settings import AgentSettings

_READY_S = 60.0
_LOOK_S = 0.1
_WIDTH = 10


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints: the machine, its central, and the agent that was started."""

    machine_id: str
    central: str
    stored_in: str
    agent: Status
    clock_ahead_s: float


class Joining:
    """One call of `agent join`, which ends in `start`.

    `settings` resolves this machine's settings as they are now, for the central at a URL. `config`
    is the configuration folder, and `folders` are the options that name the agent's folders. Each
    step is printed as it passes, unless `quiet`.
    """

    def __init__(
        self,
        settings: "Callable[[str], AgentSettings]",
        config: Path,
        start: Start,
        folders: Mapping[str, str | None],
        *,
        quiet: bool,
    ) -> None:
        self._settings = settings
        self._config = config
        self._starting = start
        self._folders = folders
        self._quiet = quiet
        # Its agent may run by another name than it joins with.
        self._usual = machine_id(agent_file(str(config)))

    def run(self, url: str, code: str, *, yes: bool) -> Result:
        """Check, join, store and start, step by step; raises at the first that fails."""
        to = join_checks.address(url)
        code, pin = join_checks.split_code(code, to)
        SECRETS.add(code)
        before = self._settings(to.url)
        earlier = self._check_here(before, to, yes=yes)
        trust = self._reach(to, before.trust, pin)
        self._starting.lay_out(agent_service(before.data, before.machine_id))
        answer = self._exchange(to, code, before, trust)
        joined = Joined(
            central=to.url,
            token=answer.token,
            machine_id=answer.machine_id,
            label=None if before.label == answer.machine_id else before.label,
            certificate=trust.only,
            ca=_text(trust.ca),
            client_cert=_text(trust.certificate),
            client_key=_text(trust.key),
        )
        self._store(joined)
        if earlier is not None and _place(earlier) != _place(joined):
            self._leave(earlier)
        status, record = self._start(to)
        self._wait(record, joined, trust)
        return Result(
            machine_id=joined.machine_id,
            central=to.url,
            stored_in=str(joined_path(self._config)),
            agent=status,
            clock_ahead_s=answer.clock_ahead_s,
        )

    def _check_here(self, before: "AgentSettings", to: Address, *, yes: bool) -> Joined | None:
        """Check what this machine is configured for; return the central that it joined before."""
        file = agent_file(str(self._config))
        _refuse_overriding(agent_path(str(self._config)), file.config)
        joined = file.joined
        wanted = (to.url, before.machine_id)
        if joined is not None and _place(joined) != wanted and not yes:
            _confirm(joined, *wanted)
        for running in {self._usual, before.machine_id}:
            service = agent_service(before.data, running)
            self._starting.check(service)
            # Joining starts it again.
            check_idle(service)
        return joined

    def _reach(self, to: Address, trust: Trust, pin: str | None) -> Trust:
        """Check the way to central; return whom to trust there, which is the pinned CA alone."""
        self._say("name", f"{to.host} is {join_checks.resolve(to)}")
        join_checks.connect(to)
        self._say("connection", f"port {to.port} answers")
        only = None if pin is None else fetch_pinned(to.url, pin)
        trust = msgspec.structs.replace(trust, only=only)
        health = join_checks.greet(to, trust)
        if pin is not None:
            self._say("trust", "its certificate is of the CA that the invitation names")
        self._say("central", f"benchrace {health.version}")
        join_checks.upgrade(to, trust)
        self._say("link", "WebSockets get through")
        return trust

    def _exchange(
        self, to: Address, code: str, settings: "AgentSettings", trust: Trust
    ) -> JoinAnswer:
        """Exchange the code for a token of this machine's own."""
        from benchrace.protocol.version import PROTOCOL, check
        from benchrace.telemetry.host_id import host_id

        wanted = JoinRequest(
            code=code,
            machine_id=settings.machine_id,
            host_id=host_id(),
            label=settings.label,
            version=__version__,
            protocol=PROTOCOL,
            wall_s=time.time(),
        )
        with Client(to.url, trust=trust) as client:
            answer = client.convert(client.post(JOIN, msgspec.to_builtins(wanted)), JoinAnswer)
        SECRETS.add(answer.token)
        check(answer.protocol, "central")
        self._say("invitation", f"accepted: this machine is {answer.machine_id}")
        if abs(answer.clock_ahead_s) <= CLOCK_S:
            self._say("clock", "agrees with central's")
        else:
            self._warn_of_clock(wanted.wall_s, answer)
        return answer

    def _warn_of_clock(self, here_s: float, answer: JoinAnswer) -> None:
        away = duration(abs(answer.clock_ahead_s) * 1e9)
        which = "ahead of" if answer.clock_ahead_s > 0 else "behind"
        click.echo(
            f"benchrace: warning: the clock of this machine is {away} {which} central's: "
            f"{_time(here_s)} here, {_time(answer.wall_s)} there. Results are not affected, but "
            "their dates are: set the clock, for example with NTP.",
            err=True,
        )

    def _store(self, joined: Joined) -> None:
        path = joined_path(self._config)
        atomic.write_private(path, msgspec.json.format(msgspec.json.encode(joined)) + b"\n")
        self._say("stored", f"{path}, readable only by its owner")

    def _leave(self, earlier: Joined) -> None:
        """Revoke the token of the central that this machine joined before."""
        why = revoke(earlier)
        words = "has revoked its token" if why is None else f"may still accept its token: {why}"
        self._say("left", f"{earlier.central} {words}")

    def _start(self, to: Address) -> tuple[Status, Record]:
        """Start the agent, in place of one that runs with earlier settings."""
        settings = self._settings(to.url)
        service = agent_service(settings.data, settings.machine_id)
        for running in {self._usual, settings.machine_id}:
            background.stop_running(agent_service(settings.data, running))
        status, record = self._started(service)
        self._say("agent", f"running at {status.info['url']} (process {status.pid})")
        if own := status.info.get("service"):
            self._say("service", own)
        return status, record

    def _started(self, service: Service) -> tuple[Status, Record]:
        try:
            status, record = self._starting.start(service), service.running()
            if record is None:
                raise service.start_failure(None)
        except BenchraceError as error:
            command = self._command("start", "data_dir", "config_dir")
            raise BenchraceError(
                error.category,
                f"this machine has joined, but its agent did not start: {error.message}",
                f"{error.remedy} Then run `{command}`: it needs no new invitation.",
            ) from error
        return status, record

    def _wait(self, agent: Record, joined: Joined, trust: Trust) -> None:
        """Wait until central calls the machine ready; raises with its reason where it does not."""
        words = link.wait_for_link(agent, joined.token)
        machine, until = None, time.monotonic() + _READY_S
        while not link.is_refused(words) and time.monotonic() < until:
            with Client(joined.central, joined.token, trust=trust) as client:
                machine = client.convert(client.get(SELF), OwnMachine)
            if machine.state in (MachineState.READY, MachineState.BUSY):
                self._say("ready", f"central can use {joined.machine_id}")
                return
            time.sleep(_LOOK_S)
            words = link.link_state(agent, joined.token)
        why = (machine and machine.reason) or words
        raise BenchraceError(
            Category.UNREACHABLE,
            f"this machine has joined, but is not ready: {why}",
            f"The agent keeps running and retries: see `{self._command('status', 'data_dir')}` and "
            f"`{self._command('logs', 'data_dir')}`.",
        )

    def _command(self, verb: str, *which: str) -> str:
        """Return a command for the agent that was started."""
        named = options.to_arguments({name: self._folders[name] for name in which})
        return shlex.join(("benchrace", "agent", verb, *named))

    def _say(self, step: str, words: str) -> None:
        if not self._quiet:
            click.echo(f"{step:<{_WIDTH}}  {clean_line(words)}")


def _refuse_overriding(path: Path, config: AgentConfig) -> None:
    """Refuse settings that would win over what joining stores."""
    if os.environ.get("BENCHRACE_TOKEN", "").strip():
        raise InvalidInput(
            FieldError("BENCHRACE_TOKEN", "is set, and would be used in place of the new token"),
            "Unset it: a machine that joins gets a token of its own.",
        )
    for key in ("central_base_url", "central_token"):
        if getattr(config, key) is not None:
            raise InvalidInput(
                FieldError(key, f"is set in {path}, which overrides what joining stores"),
                "Remove it there: `benchrace agent join` stores address and token itself.",
            )


def _place(joined: Joined) -> tuple[str, str]:
    """Return where a token counts: at which central, and for which of its machines."""
    return joined.central, joined.machine_id


def _confirm(old: Joined, url: str, machine_id: str) -> None:
    """Ask whether the central or the name that was joined before is to be replaced."""
    if not sys.stdin.isatty():
        raise InvalidInput(
            FieldError("URL", f"this machine has joined {old.central} as {old.machine_id} already"),
            "Add --yes to replace that, or run `benchrace agent leave` first. For another agent on "
            "the same computer, give it a --config-dir and a --data-dir of its own.",
        )
    question = f"This machine has joined {old.central} as {old.machine_id}. Replace that by"
    click.confirm(f"{question} {url} as {machine_id}?", abort=True)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _time(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s).astimezone().isoformat(sep=" ", timespec="seconds")
