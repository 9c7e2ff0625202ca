"""`benchrace prompt`: a prompt about a topic, written by a model of the fleet."""

from typing import Any

import click
import msgspec

from benchrace.central.prompts import PromptAnswer, PromptRequest, Source
from benchrace.cli import options
from benchrace.cli.configured import configured_central
from benchrace.cli.engines_asked import asked_engines
from benchrace.cli.fleet import connect
from benchrace.cli.interrupt import interruptible
from benchrace.cli.screen import console, phases
from benchrace.cli.text import clean, clean_line
from benchrace.web import body


@click.command()
@click.argument("about")
@click.option(
    "--tokens", default=100, show_default=True, metavar="N", help="About how long it is to be."
)
@click.option("--machine", "machine_id", metavar="ID", help="The machine that writes.")
@click.option("--backend", metavar="NAME", help="The backend that writes.")
@click.option("--model", metavar="NAME", help="The model that writes [default: one in memory].")
@options.as_json
@options.central_url
@options.people_token
@options.data_dir
def prompt(
    as_json: bool, central: str | None, token: str | None, data_dir: str | None, **asked: Any
) -> None:
    """Write a prompt ABOUT something, by a model that has nothing to measure.

    Where none can write, a built-in text is given, and said to be that. The prompt alone goes to
    standard output: `benchrace prompt "about tides" > tides.txt`, then `-p prompt=@tides.txt`.
    """
    request = body.convert(asked, PromptRequest)
    data = options.path(data_dir)
    with (
        interruptible(),
        phases(console(stderr=True)) as shown,
        connect(central or configured_central(), token, data, shown) as fleet,
    ):
        asked_engines(fleet.client, shown)
        shown.say("writing")
        made = msgspec.convert(fleet.client.post("/api/prompts", request), PromptAnswer)
        shown.end()
    if as_json:
        options.print_json(made)
        return
    click.echo(clean(made.prompt))
    click.echo(clean_line(said(made)), err=True)


def said(made: PromptAnswer) -> str:
    """Say who wrote it."""
    match made.source:
        case Source.MODEL:
            return f"written by {made.model} on {made.machine_id} ({made.backend})"
        case Source.FALLBACK:
            return f"built in, written by no model: {made.reason}"
