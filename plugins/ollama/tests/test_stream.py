"""What a line says, what a doubt is, and how names are told."""

from typing import Any

import msgspec
import pytest

from benchrace.plugin import BenchraceError, Category, Delta, EngineTimes, Usage
from benchrace_ollama import checks
from benchrace_ollama.client import Running, Shown, Tag
from benchrace_ollama.errors import refusal
from benchrace_ollama.models import model
from benchrace_ollama.names import find, full, listed
from benchrace_ollama.stream import read


def line(**fields: Any) -> bytes:
    return msgspec.json.encode({"model": "m", "created_at": "t", **fields})


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (line(response="hi", done=False), Delta(text="hi")),
        (line(response="", thinking="hm", done=False), Delta(reasoning="hm")),
        (line(message={"role": "assistant", "content": "hi"}, done=False), Delta(text="hi")),
        (
            line(message={"content": "", "thinking": "hm"}, done=False),
            Delta(reasoning="hm"),
        ),
        (
            line(response="last", done=True, done_reason="stop", eval_count=2, eval_duration=10**9),
            Delta(
                text="last",
                finish="stop",
                done=True,
                usage=Usage(output=2, unseen=1),
                times=EngineTimes(decode_ns=10**9, decode_tokens=2, printed_rate=2.0),
            ),
        ),
        (
            line(response="", done=True, done_reason="length", eval_count=1, eval_duration=1000),
            Delta(finish="length", done=True, usage=Usage(output=1), times=EngineTimes()),
        ),
        (
            line(done=True, eval_count="many", eval_duration=-5, prompt_eval_count=2.5),
            Delta(
                done=True,
                usage=Usage(output="many", prompt=2.5),  # type: ignore[arg-type]
                times=EngineTimes(decode_ns=-5, decode_tokens="many"),  # type: ignore[arg-type]
            ),
        ),
    ],
)
def test_a_line_is_read(line: bytes, wanted: Delta) -> None:
    assert read(line) == wanted


@pytest.mark.parametrize("line", [b"", b"[1]", b'{"response":5}', b'{"a', b'{"response":"\xff"}'])
def test_what_is_no_line_is_refused(line: bytes) -> None:
    with pytest.raises(BenchraceError) as raised:
        read(line)
    assert raised.value.category is Category.BAD_OUTPUT


@pytest.mark.parametrize(
    ("status", "text", "category"),
    [
        (404, '{"error":"model \'a:b\' not found"}', Category.MISSING_MODEL),
        (404, '{"error":"model \\"a\\" not found, try pulling it first"}', Category.MISSING_MODEL),
        (500, '{"error":"llama-server: failed to allocate buffer"}', Category.OUT_OF_MEMORY),
        (500, '{"error":"model requires more system memory (9 GiB)"}', Category.OUT_OF_MEMORY),
        (500, '{"error":"{\\"error\\":{\\"message\\":\\"inner\\"}}"}', Category.STREAM_ERROR),
        (502, "<html>bad gateway</html>", Category.STREAM_ERROR),
        (500, "", Category.STREAM_ERROR),
    ],
)
def test_a_refusal_means_something(status: int, text: str, category: Category) -> None:
    error = refusal(status, text)
    assert error.category is category
    assert error.message
    assert error.remedy


def test_an_error_inside_an_error_is_found() -> None:
    assert (
        "reports: inner"
        in refusal(500, '{"error":"{\\"error\\":{\\"message\\":\\"inner\\"}}"}').message
    )


def test_names_have_a_tag_and_no_case() -> None:
    assert full("Tiny") == full(" tiny:latest") == "tiny:latest"
    assert full("host:5/lib/tiny") == "host:5/lib/tiny:latest"
    tags = (Tag("tiny:latest", digest="a"), Tag("tiny:8b", digest="b"))
    assert find("TINY:8B", tags) is tags[1]
    assert find("tin", tags) is None
    assert listed(tags[0], (Running("copy:latest", digest="a"),)) is not None
    assert listed(tags[0], (Running("copy:latest"),)) is None


def test_a_model_that_is_on_the_gpu_in_part_is_doubted() -> None:
    assert checks.spilled(100, 60) == checks.Finding(
        "spilled", "only 60 % of the model is on the GPU"
    )
    assert checks.spilled(100, 100) is checks.spilled(100, 0) is checks.spilled(None, 5) is None


def test_each_code_is_said_once() -> None:
    (line,) = checks.by_code([checks.Finding("a", "x", True), checks.Finding("a", "y", True)])
    assert line == checks.Finding("a", "x; and 1 more answers", True)


def shown(**more: Any) -> Shown:
    facts = {"block_count": 3, "attention.head_count": 8, "embedding_length": 256, **more}
    named = {f"g.{name}": value for name, value in facts.items()}
    return Shown(model_info={"general.architecture": "g", **named})


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({}, [(3, 8, 32, 32, None)]),
        ({"attention.head_count_kv": 2}, [(3, 2, 32, 32, None)]),
        (
            {"attention.key_length": 64, "attention.value_length": 16},
            [(3, 8, 64, 16, None)],
        ),
        (
            {
                "attention.sliding_window": 512,
                "attention.sliding_window_pattern": [True, True, False],
            },
            [(2, 8, 32, 32, 512), (1, 8, 32, 32, None)],
        ),
        ({"attention.sliding_window": 512}, [(3, 8, 32, 32, None)]),
        ({"attention.head_count_kv": [1, 2]}, []),
        ({"attention.head_count_kv": ["x", 2, 2]}, []),
        ({"embedding_length": None}, []),
        ({"block_count": -1}, []),
    ],
)
def test_layers_are_counted_by_what_they_keep(facts: dict[str, Any], wanted: list[Any]) -> None:
    described = model(Tag("m"), shown(**facts), None, None, "http://h")
    assert [(e.count, e.kv_heads, e.k_dim, e.v_dim, e.window) for e in described.kv] == wanted
    assert described.width == facts.get("embedding_length", 256)
    assert described.slots is None
