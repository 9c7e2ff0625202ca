"""`benchrace race --demo`: a race of simulated machines."""

from collections.abc import Callable

from benchrace.api.demo import DemoAnswer, DemoRequest
from benchrace.cli.connect.client import Client
from benchrace.cli.output.screen import Phases
from benchrace.cli.race.follow import RunFollower
from benchrace.run.document import RunDocument
from benchrace.run.planning.demo import demo_race


def run_demo(
    client: Client,
    follower: RunFollower,
    machines: int,
    phases: Phases,
    submitted: Callable[[str], object],
) -> RunDocument:
    """Start the machines and their race beside central, and watch it to its end."""
    phases.say(f"starting {machines} simulated machines")
    reply = client.post("/api/demo", DemoRequest(machines=machines))
    answer = client.convert(reply, DemoAnswer)
    submitted(answer.run_id)
    return follower.follow(answer.run_id, demo_race(answer.machine_ids))
