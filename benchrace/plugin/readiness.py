"""What a backend says of itself and of a lane before anything is measured."""

import msgspec

from benchrace.errors import FieldError


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stands in the way, and what to do about it."""

    message: str
    remedy: str


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model that an engine has; `size` in bytes of its files, `digest` as the engine says."""

    name: str
    size: int | None = None
    digest: str | None = None
    quantization: str | None = None


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an engine answers, and what it has; `version` is the engine's."""

    reachable: bool
    version: str | None = None
    models: tuple[Model, ...] = ()
    problems: tuple[Problem, ...] = ()


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a lane can start. `fields` are bad parameters by name (`n`), `problems` the rest."""

    fields: tuple[FieldError, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def ready(self) -> bool:
        return not self.fields and not self.problems
