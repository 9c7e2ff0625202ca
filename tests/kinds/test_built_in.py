"""The kinds of benchrace itself, by name."""

import benchrace.kinds
from benchrace.kinds import Kind
from benchrace.kinds.built_in import BUILT_IN, built_in


def test_every_kind_of_benchrace_is_found_by_its_own_name() -> None:
    exported = [getattr(benchrace.kinds, name) for name in benchrace.kinds.__all__]
    kinds = [kind for kind in exported if isinstance(kind, Kind)]
    assert {kind.name for kind in kinds} == set(BUILT_IN)
    assert all(built_in(kind.name) is kind for kind in kinds)


def test_any_other_name_is_not_built_in() -> None:
    assert built_in("hashing") is None
