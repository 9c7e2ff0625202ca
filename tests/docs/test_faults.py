"""Each fault of the page says what happens, and its tests exist."""

import re
from pathlib import Path

import pytest

from docs.generator.faults import Fault, sections

FAULTS = [fault for section in sections() for fault in section.fault]


def test_every_fault_is_there_once() -> None:
    assert len(FAULTS) == 69
    assert len({fault.fault for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.fault)
def test_a_fault_is_tested_or_says_why_not(fault: Fault, root: Path) -> None:
    assert fault.fault
    assert fault.behaviour
    assert fault.tests or fault.untested
    for test in fault.tests:
        name, _, function = test.partition("::")
        text = (root / name).read_text()
        assert re.search(rf"^ *(async )?def {function}\(|^{function} = ", text, re.MULTILINE), test
