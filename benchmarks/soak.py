"""Race simulated machines for minutes while agents, links and central fail, and count what is lost.

Eight machines, each an agent process of its own, race again and again. Six viewers follow the
races, one never reads, one keeps disconnecting. Every 20 s something breaks: an agent is killed, a
link is cut, central's disk is full, and once, after a third of the time, central is killed. In the
end central's logs must equal the machines' journals, and its file handles may not grow. Its memory
is judged from ten minutes after its last start on, so give it half an hour: it may grow by 1 MB in
ten minutes. Prints a table; exit 1 where a goal is missed.

    python -m benchmarks.soak [--minutes 10] [--machines 8] [--fault-every 20]
"""

import argparse
import shutil
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

from benchmarks.simulated_fleet import Central, ended, lane, race, start_fleet, until
from benchmarks.soak_parts.disk import Disk
from benchmarks.soak_parts.faults import Faults
from benchmarks.soak_parts.goals import Goal, table
from benchmarks.soak_parts.meter import Meter
from benchmarks.soak_parts.proxy import Proxies
from benchmarks.soak_parts.truth import compare
from benchmarks.soak_parts.viewers import Viewers
from benchrace_simulated.profiles import seats

ROUND_S, ROUNDS = 3.0, 4
EVENTS_PER_S = 250.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--machines", type=int, default=8)
    parser.add_argument("--fault-every", type=float, default=20.0, metavar="SECONDS")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="benchrace-soak-"))
    try:
        goals = soak(folder, chosen.minutes * 60, chosen.machines, chosen.fault_every)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(table(goals))
    sys.exit(0 if all(goal.met for goal in goals) else 1)


def soak(folder: Path, seconds: float, machines: int, fault_every_s: float) -> list[Goal]:
    """Soak for so long; return the goals with what came of them."""
    central, fleet = Central(folder), seats(machines)
    disk = Disk(central, folder)
    central.start()
    with Proxies(machines, lambda: central.port) as proxies, ended(processes := []):
        for number, port in enumerate(proxies.ports):
            where = folder / f"machine-{number}"
            processes.append(start_fleet(f"http://127.0.0.1:{port}", where, 1, number))
        try:
            until(lambda: central.ready(machines), "the machines do not link")
            faults = Faults(central, disk, proxies, processes, folder, fault_every_s)
            with Meter(central) as meter, Viewers(central) as viewers:
                runs = []
                kinds = cycle(["agent", "link", *(["disk"] if disk.can_fill else []), "link"])
                ends = time.monotonic() + seconds
                restart = time.monotonic() + seconds / 3
                while time.monotonic() < ends:
                    spec = race([lane(seat, ROUND_S) for seat in fleet], ROUNDS)
                    run_id = central.submit(spec | {"only_ready": True})
                    runs.append(run_id)
                    viewers.follow(run_id)
                    while not central.over(run_id):
                        time.sleep(0.5)
                        if faults.due:
                            late = time.monotonic() > restart and not faults.counts["central"]
                            faults.cause("central" if late else next(kinds))
                faults.repair()
                meter.stop()
            return [
                *compare(central, folder, runs),
                *viewers.goals(),
                *meter.goals(EVENTS_PER_S),
                disk.goal(),
                faults.goal(),
            ]
        finally:
            central.end()


if __name__ == "__main__":
    main()
