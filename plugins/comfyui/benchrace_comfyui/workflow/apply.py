"""Apply what a lane changes in a workflow, in a fixed order, and read all of it back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from benchrace.plugin import Binding, FieldError, WorkflowParams
from benchrace_comfyui.graph.graph import ancestors
from benchrace_comfyui.graph.names import contradiction, resolve
from benchrace_comfyui.workflow.check import faults
from benchrace_comfyui.workflow.document import (
    Document,
    InvalidWorkflow,
    Place,
    find,
    label,
    normal,
)
from benchrace_comfyui.workflow.loras import Chain, insert, is_applied, start
from benchrace_comfyui.workflow.roles import Infos, roles
from benchrace_comfyui.workflow.seeds import SEED, Seeding
from benchrace_comfyui.workflow.targets import CHECKPOINT, Finder

# As other tools call it.
_ALIASES = {"checkpoint": CHECKPOINT}
_TEXTS = ("prompt", "negative")
_SAMPLER, _SCHEDULER = "sampler", "scheduler"
_NAMED = (
    CHECKPOINT,
    *_TEXTS,
    "width",
    "height",
    "batch",
    "steps",
    "cfg",
    _SAMPLER,
    _SCHEDULER,
)


class Setting(NamedTuple):
    """An input that a field of the lane's parameters has set."""

    field: str
    place: Place
    value: Any


class Applied(NamedTuple):
    """A changed workflow: the inputs that take the seed, and the nodes that depend on it.

    `draws` are the seeds that all of these inputs take.
    """

    finder: Finder
    seeds: tuple[Place, ...]
    works: frozenset[str]
    draws: range

    @property
    def nodes(self) -> Document:
        return self.finder.nodes


class Application:
    """Applies a lane's parameters; what is wrong is collected in `errors`."""

    def __init__(self, params: WorkflowParams, nodes: Document, infos: Infos) -> None:
        self.errors: list[FieldError] = []
        self._params = params
        self._nodes = nodes
        self._infos = infos
        self._settings: list[Setting] = []
        self._chain: Chain | None = None
        self._seeding = Seeding(nodes, infos, params.seed, self._refuse)

    def run(self, uploads: Sequence[str]) -> Applied | None:
        """Apply everything; `uploads` are the names of the images. None if anything is wrong."""
        for at, override in enumerate(self._params.overrides):
            self._put(f"overrides[{at}]", override.node, override.path, override.value)
        for at, (image, name) in enumerate(zip(self._params.images, uploads, strict=True)):
            self._put(f"images[{at}]", image.node, image.path, name)
        finder = self._finder()
        if not finder.roles:
            self._refuse("workflow", "it has no output node, such as SaveImage")
        if self.errors:
            return None
        self._parameters(finder)
        self._loras(finder)
        finder = self._finder()
        seeds = self._seeds(finder)
        self._read_back(finder, seeds)
        self._check(finder)
        works = self._seeding.works(finder, seeds, alone=not self.errors)
        applied = Applied(finder, seeds, works, self._seeding.draws(seeds))
        return None if self.errors else applied

    def _finder(self) -> Finder:
        own = roles(self._nodes, self._infos)
        outputs = [
            node for node, part in self._nodes.items() if self._infos[part["class_type"]].is_output
        ]
        reached = ancestors(self._nodes, *outputs)
        leading = {node: role for node, role in own.items() if node in reached}
        return Finder(self._nodes, self._infos, leading)

    def _put(self, field: str, node: str | int, path: str, value: Any) -> None:
        try:
            place = Place(self._nodes, find(self._nodes, node), path)
            self._write(field, place, value)
        except InvalidWorkflow as error:
            self._refuse(field, str(error))

    def _write(self, field: str, place: Place, value: Any) -> None:
        place.write(value := normal(value) if place.is_input else value)
        self._settings.append(Setting(field, place, value))

    def _parameters(self, finder: Finder) -> None:
        names = {*map(_name, self._params.values), *_NAMED, SEED}
        for at, binding in enumerate(self._params.bindings):
            if _name(binding.parameter) not in names:
                text = f"{binding.parameter!r:.100} has no value: add it to values"
                self._refuse(f"bindings[{at}].parameter", text)
        for field, name, value in self._values(finder):
            try:
                places = self._bound(name) or finder.find(name)
                for place in places:
                    self._require_reach(finder, place, name)
                    self._write(field, place, value)
            except InvalidWorkflow as error:
                self._refuse(field, str(error))

    def _values(self, finder: Finder) -> Iterator[tuple[str, str, Any]]:
        """Yield the fields, names and values of all parameters that are set."""
        values: dict[str, tuple[str, Any]] = {}
        for name in _NAMED:
            if (value := getattr(self._params, name)) not in (None, ""):
                values[name] = (name, value)
        for key, value in self._params.values.items():
            name, field = _name(key), f"values.{key}"
            if name == SEED:
                self._refuse(field, "use the parameter seed")
            elif name in values:
                self._refuse(field, f"{name} is set already, by {values[name][0]}")
            else:
                values[name] = (field, value)
        self._name_sampler(finder, values)
        for name, (field, value) in values.items():
            yield field, name, value

    def _name_sampler(self, finder: Finder, values: dict[str, tuple[str, Any]]) -> None:
        """Translate display names; that of a sampler may name its scheduler, too."""
        field, sampler = values.get(_SAMPLER, ("", ""))
        other, scheduler = values.get(_SCHEDULER, ("", ""))
        names = resolve(
            str(sampler),
            str(scheduler),
            self._choices(finder, "sampler_name"),
            self._choices(finder, "scheduler"),
        )
        if (text := contradiction(names, str(sampler), str(scheduler))) is not None:
            self._refuse(other, text)
        if field:
            values[_SAMPLER] = (field, names.sampler)
        if other:
            values[_SCHEDULER] = (other, names.scheduler)
        elif names.implied is not None:
            values[_SCHEDULER] = (field, names.scheduler)

    def _choices(self, finder: Finder, name: str) -> list[str]:
        kinds = {self._nodes[node]["class_type"] for node in finder.roles}
        inputs = [own for kind in kinds if (own := self._infos[kind].of(name)) is not None]
        return list(dict.fromkeys(choice for own in inputs for choice in own.choices or ()))

    def _bound(self, name: str) -> tuple[Place, ...]:
        return tuple(
            Place(self._nodes, find(self._nodes, binding.node), binding.path)
            for binding in self._bindings(name)
        )

    def _bindings(self, name: str) -> Iterable[Binding]:
        return (own for own in self._params.bindings if _name(own.parameter) == name)

    def _require_reach(self, finder: Finder, place: Place, name: str) -> None:
        if place.node not in finder.roles:
            raise InvalidWorkflow(_unused(self._nodes, place))
        if name in _TEXTS and place.node not in finder.before:
            raise InvalidWorkflow(f"{label(self._nodes, place.node)} does not lead to the sampler")

    def _loras(self, finder: Finder) -> None:
        if not self._params.loras:
            return
        try:
            self._chain = insert(self._nodes, start(finder), self._params.loras)
        except InvalidWorkflow as error:
            self._refuse("loras", str(error))

    def _seeds(self, finder: Finder) -> tuple[Place, ...]:
        try:
            seeds = self._bound(SEED) or finder.seeds()
            for place in seeds:
                self._require_reach(finder, place, SEED)
                self._seeding.check(place)
        except InvalidWorkflow as error:
            self._refuse(SEED, str(error))
            return ()
        if not seeds and not self._params.allow_no_seed:
            text = (
                "no input takes a seed, so ComfyUI would answer from its cache; bind one, or "
                "set allow_no_seed and race cold starts"
            )
            self._refuse(SEED, text)
        return seeds

    def _read_back(self, finder: Finder, seeds: Sequence[Place]) -> None:
        """Check that nothing was set twice, and that all is in the graph that runs."""
        later = [(SEED, place) for place in seeds]
        for field, place, value in reversed(self._settings):
            where = f"{label(self._nodes, place.node)}.{place}"
            other = next((own for own, at in later if at.overlaps(place)), None)
            if other is not None:
                self._refuse(field, f"{where} is also set by {other}")
            elif place.read() != value:
                self._refuse(field, f"{where} is also set by loras")
            elif place.node not in finder.roles:
                self._refuse(field, _unused(self._nodes, place))
            later.append((field, place))
        if self._chain is None:
            return
        used = all(node in finder.roles for node in self._chain.nodes)
        if not (used and is_applied(self._nodes, self._chain, self._params.loras)):
            self._refuse("loras", "the workflow's links lead past them: add them to it itself")

    def _check(self, finder: Finder) -> None:
        fields = {(own.place.node, own.place.input): own.field for own in self._settings}
        for at, node in enumerate(self._chain.nodes if self._chain else ()):
            fields |= {(node, name): f"loras[{at}].{part}" for name, part in _LORA.items()}
        changed = {(own.place.node, own.place.input) for own in self._settings}
        for fault in faults(self._nodes, self._infos, finder.roles, changed | set(fields)):
            field = fields.get((fault.node, fault.input))
            where = f"{label(self._nodes, fault.node)}.{fault.input}"
            if field is None:
                self._refuse("workflow", f"{where}: {fault.text}")
            else:
                self._refuse(field, fault.text)

    def _refuse(self, field: str, text: str) -> None:
        self.errors.append(FieldError(field, text))


_LORA: Mapping[str, str] = {
    "lora_name": "name",
    "strength_model": "strength",
    "strength_clip": "clip_strength",
}


def _name(parameter: str) -> str:
    return _ALIASES.get(parameter, parameter)


def _unused(nodes: Document, place: Place) -> str:
    return f"{label(nodes, place.node)} does not lead to an output: it would change nothing"
