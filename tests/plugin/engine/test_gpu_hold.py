"""One engine runs on one GPU for as long as lanes hold it there."""

import pytest

from benchrace.plugin import Device, EngineGpu, InvalidInput

FIRST = Device(index=0, kind="nvidia", number=0, uuid="GPU-a")
SECOND = Device(index=1, kind="nvidia", number=1, uuid="GPU-b")


def test_lanes_share_one_gpu_until_the_last_one_lets_go() -> None:
    engine = EngineGpu("Small")
    one, other = engine.hold(FIRST), engine.hold(FIRST)
    one()
    with pytest.raises(InvalidInput, match="Small cannot run on two GPUs") as raised:
        engine.hold(SECOND)
    assert raised.value.fields[0].path == "gpu"
    other()
    engine.hold(SECOND)


@pytest.mark.parametrize(("held", "wanted"), [(None, FIRST), (FIRST, None)])
def test_the_engines_own_choice_is_not_a_certain_gpu(
    held: Device | None, wanted: Device | None
) -> None:
    engine = EngineGpu("Small")
    engine.hold(held)
    with pytest.raises(InvalidInput):
        engine.hold(wanted)
