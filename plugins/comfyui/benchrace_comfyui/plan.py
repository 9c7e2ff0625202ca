"""What a lane prompts, or why it cannot: what is common to all workloads."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from benchrace.plugin import (
    NEW_SEED,
    BenchraceError,
    Category,
    FieldError,
    InvalidInput,
    Problem,
    Readiness,
    Residence,
)
from benchrace_comfyui.facts import Server
from benchrace_comfyui.graph.graph import Template
from benchrace_comfyui.params import ImageOptions, WorkflowOptions

UPLOADS = "benchrace"
_ON_CPU = Problem(
    message="ComfyUI runs on the CPU: it found no GPU, or was started with --cpu",
    remedy="Install a PyTorch build for the GPU, or set allow_cpu to race the CPU.",
)


class Upload(NamedTuple):
    """An image for the server's folder of inputs, named by its content."""

    name: str
    data: bytes

    @property
    def path(self) -> str:
        """Its name as a node that loads images takes it."""
        return f"{UPLOADS}/{self.name}"


class Plan(NamedTuple):
    """What a lane prompts, None unless that is clear, and what stands in its way."""

    template: Template | None
    fields: tuple[FieldError, ...] = ()
    problems: tuple[Problem, ...] = ()
    category: Category | None = None
    uploads: tuple[Upload, ...] = ()

    @property
    def readiness(self) -> Readiness:
        return Readiness(fields=self.fields, problems=self.problems, category=self.category)

    def require(self) -> Template:
        """Return what the lane prompts; raises what stands in the way."""
        if self.fields:
            raise InvalidInput(self.fields)
        if self.problems:
            first = self.problems[0]
            category = self.category or Category.VALIDATION
            raise BenchraceError(category, first.message, first.remedy)
        if self.template is None:
            raise RuntimeError("a plan without a template says why")
        return self.template


def planned(
    server: Server,
    params: ImageOptions | WorkflowOptions,
    template: Template | None,
    fields: Iterable[FieldError],
    problems: Iterable[Problem],
) -> Plan:
    """Return the plan of a lane, with what stands in the way of any."""
    fields, problems = (*_own(params, server), *fields), tuple(problems)
    category: Category | None = None
    if not fields and not problems and server.on_cpu and not params.allow_cpu:
        category = Category.UNSUPPORTED_HARDWARE
        problems = (_ON_CPU,)
    return Plan(template, fields, problems, category)


def _own(params: ImageOptions | WorkflowOptions, server: Server) -> Iterator[FieldError]:
    """Yield what contradicts itself, whatever the server has."""
    warm = params.residence is Residence.WARM
    if warm and params.seed != NEW_SEED:
        text = (
            "a warm ComfyUI has the image of a repeated seed in its cache; use -1, or a cold start"
        )
        yield FieldError("seed", text)
    if warm and server.keeps_nothing:
        text = "ComfyUI was started with --cache-none and loads models in every round; use cold"
        yield FieldError("residence", text)
