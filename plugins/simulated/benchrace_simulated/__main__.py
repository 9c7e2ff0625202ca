"""`python -m benchrace_simulated`: run simulated machines until SIGTERM or SIGINT.

The first line of its output is a JSON list of their ids.
"""

import argparse
import json
import logging
import os
import sys
from contextlib import nullcontext
from pathlib import Path

import anyio

from benchrace_simulated.profiles import seats

_MOST = 256


def main() -> None:
    """Run the fleet that the arguments describe; the token comes from `BENCHRACE_TOKEN`."""
    chosen = _arguments()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    token = os.environ.pop("BENCHRACE_TOKEN", None)
    # Imported late: `--help` needs none of it.
    from benchrace_simulated.fleet.fleet import FleetSettings, serve, trust_in
    from benchrace_simulated.fleet.stopping import signalled, unused
    from benchrace_simulated.fleet.temporary import temporary_folder

    own = temporary_folder() if chosen.data_dir is None else nullcontext(Path(chosen.data_dir))
    with own as data:
        settings = FleetSettings(
            central=chosen.central,
            token=token,
            trust=trust_in(chosen.central, chosen.record),
            data=data,
            seats=seats(chosen.machines, chosen.first),
            seed=chosen.seed,
            failures=chosen.failures,
        )
        _announce([seat.machine_id for seat in settings.seats])
        anyio.run(serve, settings, unused if chosen.until_input_ends else signalled)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchrace_simulated",
        description="Run simulated machines. Their figures come from a script, and are labelled.",
    )
    parser.add_argument("--central", required=True, metavar="URL", help="central to join")
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="of a central here, whose certificate counts"
    )
    parser.add_argument("--machines", type=_count, default=8, metavar="N", help="1 to 256")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="leave N machines out")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all speeds")
    parser.add_argument("--failures", type=_share, default=0.0, metavar="SHARE", help="of rounds")
    parser.add_argument(
        "--until-input-ends",
        action="store_true",
        help="stop as well when standard input ends, as it does where the starter is gone",
    )
    parser.add_argument("--data-dir", metavar="DIR", help="[default: a temporary folder]")
    return parser.parse_args()


def _announce(machine_ids: list[str]) -> None:
    sys.stdout.write(f"{json.dumps(machine_ids)}\n")
    sys.stdout.flush()


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST:
        raise argparse.ArgumentTypeError(f"invalid number {text!r} (e.g. 8; at most {_MOST})")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"invalid share {text!r} (e.g. 0.05)")
    return value


if __name__ == "__main__":
    main()
    sys.exit(0)
