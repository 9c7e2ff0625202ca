"""Remedies of a stream's faults."""

import pytest

from benchrace.errors import Category
from benchrace.worker.stream.faults import failure, untrusted


def test_an_answer_that_was_packed_on_its_way_is_no_matter_of_the_engine() -> None:
    packed = failure("bad_output", "the answer is encoded as gzip", "localhost:1")
    assert packed.category is Category.BAD_OUTPUT
    assert packed.message == "localhost:1: the answer is encoded as gzip"
    assert "uncompressed" in packed.remedy


@pytest.mark.parametrize("kind", ["unreachable", "timeout_first", "reset"])
def test_what_the_engine_does_is_not_laid_to_a_proxy(kind: str) -> None:
    assert "proxy" not in failure(kind, "it failed", "localhost:1").remedy


def test_a_failure_without_a_certificate_is_not_laid_to_one() -> None:
    assert untrusted("localhost:1", OSError("no route")) is None
