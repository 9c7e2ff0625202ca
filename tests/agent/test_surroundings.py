"""What spoils a measurement is looked at again, and is reported when it comes or goes."""

import msgspec
import pytest

from benchrace.agent.surroundings import Surroundings
from benchrace.telemetry.environment import MachineProblem, ProblemCode
from tests.central.offer import capabilities

pytestmark = pytest.mark.anyio
BATTERY = MachineProblem(ProblemCode.ON_BATTERY, "it runs on battery", "Plug it in.")


async def test_a_problem_that_comes_or_goes_is_reported_and_a_temperature_is_not() -> None:
    plain = capabilities("m1").environment
    warmer = msgspec.structs.replace(
        plain, power=msgspec.structs.replace(plain.power, thermal_c=71.0)
    )
    unplugged = msgspec.structs.replace(warmer, problems=(BATTERY,))
    seen = iter((warmer, unplugged, plain))
    surroundings = Surroundings(plain, lambda: next(seen))
    states = []
    for _ in range(3):
        await surroundings.look()
        states.append(surroundings.current)
    assert states[0] is plain
    assert states[1:] == [unplugged, plain]


async def test_what_cannot_be_looked_at_stays_as_it_is() -> None:
    surroundings = Surroundings(capabilities("m1").environment, None)
    before = surroundings.current
    await surroundings.look()
    assert surroundings.current is before
