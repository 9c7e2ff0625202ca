"""`benchrace prompt`: a prompt about a topic, written by a model of the fleet."""

from typing import Any

import click

from benchrace.api import decoding
from benchrace.api.prompts import PromptAnswer, PromptRequest, PromptSource
from benchrace.cli import options
from benchrace.cli.connect.fleet import connect
from benchrace.cli.models.wait_engines import wait_for_engines
from benchrace.cli.output.formatting import clean, clean_line
from benchrace.cli.output.interrupt import interruptible
from benchrace.cli.output.screen import console, phases
from benchrace.cli.service.settings import configured_central


@click.command()
@click.argument("about")
@click.option(
    "--tokens", default=100, show_default=True, metavar="N", help="Approximate length in tokens."
)
@click.option("--machine", "machine_id", metavar="ID", help="Machine to use.")
@click.option("--backend", metavar="NAME", help="Backend to use.")
@click.option("--model", metavar="NAME", help="Model to use [default: one in memory].")
@options.as_json
@options.central_url
@options.people_token
@options.data_dir
def prompt(
    as_json: bool, central: str | None, token: str | None, data_dir: str | None, **chosen: Any
) -> None:
    """Generate a prompt ABOUT a topic with an idle model.

    If no model can write it, print a built-in text, with a notice. Only the prompt goes to standard
    output: `benchrace prompt "about tides" > tides.txt`, then `-p prompt=@tides.txt`.
    """
    request = decoding.convert(chosen, PromptRequest)
    data = options.path(data_dir)
    with (
        interruptible(),
        phases(console(stderr=True)) as shown,
        connect(central or configured_central(), token, data, shown) as fleet,
    ):
        wait_for_engines(fleet.client, shown)
        shown.say("generating")
        answer = fleet.client.post("/api/prompts", request)
        written = fleet.client.convert(answer, PromptAnswer)
        shown.end()
    if as_json:
        options.print_json(written)
        return
    click.echo(clean(written.prompt))
    click.echo(clean_line(credit(written)), err=True)


def credit(answer: PromptAnswer) -> str:
    """Return who wrote the prompt."""
    match answer.source:
        case PromptSource.MODEL:
            return f"written by {answer.model} on {answer.machine_id} ({answer.backend})"
        case PromptSource.FALLBACK:
            return f"built-in text, no model wrote it: {answer.reason}"
