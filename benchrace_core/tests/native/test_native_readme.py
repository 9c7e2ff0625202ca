"""The example in the README runs as it stands."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_example_runs() -> None:
    examples = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 1
    names: dict[str, object] = {}
    exec(compile(examples[0], str(README), "exec"), names)
    assert "count" in names
