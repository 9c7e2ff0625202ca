"""Several threads may use a type for the first time at once."""

import subprocess
import sys
from typing import Annotated, Any

import msgspec
import pytest

from benchrace import structs

# Each type holds the one before it twice, so that another thread finds one half prepared.
THREADS = """
import sys, threading
import msgspec
from benchrace import structs

def nested(depth):
    kind = int
    for level in range(depth):
        fields = [("one", kind), ("many", list[kind])]
        kind = msgspec.defstruct(f"Level{level}", fields, module=__name__)
    return kind

def use(kind, together, found):
    together.wait()
    try:
        structs.{call}
    except msgspec.ValidationError as error:
        found.append(str(error))

sys.setswitchinterval(1e-6)
for _ in range(100):
    kind, together, found = nested(12), threading.Barrier(3), []
    threads = [threading.Thread(target=use, args=(kind, together, found)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3 and len(set(found)) == 1, found
print("done")
"""
CALLS = [
    """decode(b'{"one": {"many": [{}]}}', kind)""",
    """convert({"one": {"many": [{}]}}, kind)""",
    """decoder(kind).decode(b'{"one": {"many": [{}]}}')""",
]


@pytest.mark.parametrize("call", CALLS)
def test_threads_use_a_type_for_the_first_time_at_once(call: str) -> None:
    command = [sys.executable, "-c", THREADS.replace("{call}", call)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


class Point(msgspec.Struct):
    x: Annotated[int, msgspec.Meta(ge=0)]


@pytest.mark.parametrize("kind", [Point, Point | None, list[Point], Annotated[Any, "a note"]])
def test_json_and_values_become_what_is_asked_for(kind: Any) -> None:
    document = [{"x": 1}] if kind == list[Point] else {"x": 1}
    expected = msgspec.convert(document, kind)
    data = msgspec.json.encode(document)
    assert structs.convert(document, kind) == expected
    assert structs.decode(data, kind) == expected
    assert structs.decoder(kind).decode(data) == expected


def test_a_note_on_a_type_need_not_be_hashable() -> None:
    kind = Annotated[int, {"unit": "s"}]
    with pytest.raises(TypeError, match="unhashable"):
        hash(kind)
    assert structs.convert(1, kind) == structs.decode(b"1", kind) == 1
    assert structs.decoder(kind).decode(b"1") == 1


def test_what_does_not_fit_is_refused_as_msgspec_refuses_it() -> None:
    with pytest.raises(msgspec.ValidationError, match=r">= 0 - at `\$\.x`"):
        structs.decode(b'{"x": -1}', Point)
    with pytest.raises(msgspec.ValidationError, match="Expected `int`, got `str`"):
        structs.convert({"x": "1"}, Point)
    assert structs.convert({"x": "1"}, Point, strict=False) == Point(1)
    assert structs.decoder(Point, strict=False).decode(b'{"x": "1"}') == Point(1)
