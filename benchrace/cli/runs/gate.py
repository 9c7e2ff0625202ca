"""The gate of `benchrace compare` for scripts: options, lines and exit codes."""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console
from rich.text import Text

from benchrace.cli import options
from benchrace.cli.output.formatting import clean_line
from benchrace.formatting import percent, plural
from benchrace.stats.comparison.gate import Checked, Outcome

WORSE = 3
UNKNOWN = 4
F = TypeVar("F", bound=Callable[..., Any])
_STYLES = {Outcome.WORSE: "red", Outcome.UNKNOWN: "yellow"}


class _Percent(click.ParamType[float]):
    """A share of 1 from a percentage: `5%`."""

    name = "percent"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            number = float(str(value).strip().removesuffix("%"))
        except ValueError:
            number = math.nan
        if not 0 <= number < 100:
            self.fail(f"{value!r} is not a percentage from 0 to under 100, as in 5%", param, ctx)
        return number / 100


def gate_options(command: F) -> F:
    """Add the options of the gate."""
    return options.all_of(
        click.option(
            "--fail-if-worse",
            is_flag=True,
            help=f"Exit {WORSE} if a headline metric is clearly worse than in A, and {UNKNOWN} if "
            "none is, but one cannot be told.",
        ),
        click.option(
            "--fail-over",
            type=_Percent(),
            metavar="PERCENT",
            help="As --fail-if-worse, but ignore what is worse by no more than this: 5%.",
        ),
        click.option(
            "--allow-unknown",
            is_flag=True,
            help="With these, exit 0 also if a metric cannot be told; it is still printed.",
        ),
    )(command)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The gate that the options ask for."""

    fail_if_worse: bool
    fail_over: float | None
    allow_unknown: bool

    @property
    def gate(self) -> bool:
        return self.fail_if_worse or self.fail_over is not None

    @property
    def over(self) -> float:
        return self.fail_over or 0.0

    def check(self) -> None:
        """Raise a usage error for an option that has no effect."""
        if self.allow_unknown and not self.gate:
            raise click.UsageError("--allow-unknown needs --fail-if-worse or --fail-over")

    def report(self, screen: Console, checked: Sequence[Checked], *, several: bool) -> None:
        """Print what is worse or unknown, then how many metrics there are of each."""
        screen.print()
        for one in checked:
            if one.outcome is not Outcome.PASSED:
                parts = (one.run if several else None, one.lane, one.metric, one.text)
                text = clean_line(f"{one.outcome.value}: {': '.join(filter(None, parts))}")
                screen.print(Text(text, style=_STYLES[one.outcome]), soft_wrap=True)
        worse, unknown = (
            sum(one.outcome is outcome for one in checked)
            for outcome in (Outcome.WORSE, Outcome.UNKNOWN)
        )
        by = f" by more than {percent(self.over)}" if self.over else ""
        screen.print(
            f"gate: {plural(len(checked), 'headline metric')} checked, {worse} clearly worse{by}, "
            f"{unknown} unknown",
            soft_wrap=True,
        )

    def exit_code(self, checked: Sequence[Checked]) -> int:
        """Return 3 if something is worse, 4 if something is unknown and must not be, else 0."""
        outcomes = {one.outcome for one in checked}
        if Outcome.WORSE in outcomes:
            return WORSE
        return UNKNOWN if Outcome.UNKNOWN in outcomes and not self.allow_unknown else 0
