"""Options of `race` and `run`: what the one lacks and the other has."""

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
