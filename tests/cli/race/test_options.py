"""Options of `race` and `run`: what the one lacks and the other has, and how errors name them."""

import pytest

from benchrace.cli.race.run import _by_option
from benchrace.errors import BenchraceError, FieldError, InvalidInput
from tests.cli.conftest import Call


def test_an_option_of_run_is_pointed_to_by_race(call: Call) -> None:
    for arguments in (("--workload", "llm_generate"), ("--lane=threads=1",), ("-p", "n=5")):
        done = call("race", *arguments)
        assert done.exit_code == 2
        output = " ".join(done.output.split())
        assert f"race has no option {arguments[0].partition('=')[0]}" in output
        assert "it races the Rust kernels only" in output
        assert "`benchrace run` has it" in output


def test_what_no_command_has_is_an_unknown_option(call: Call) -> None:
    done = call("race", "--colour")
    assert done.exit_code == 2
    assert "No such option" in done.output
    assert "benchrace run" not in done.output


def test_an_error_in_the_kind_names_the_option_that_gave_it() -> None:
    wrong = InvalidInput([FieldError("kind", "unknown"), FieldError("rounds", "too many")], "Fix.")
    with pytest.raises(InvalidInput) as caught, _by_option("magic"):
        raise BenchraceError.of(wrong.failure())
    assert [field.path for field in caught.value.fields] == ["--workload", "rounds"]
    assert caught.value.remedy == "Fix."
    with pytest.raises(InvalidInput) as caught, _by_option(None):
        raise wrong
    assert caught.value is wrong
