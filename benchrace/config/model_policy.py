"""`model_policy.yaml`: which models every machine must have, and which it may."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.config.document import open_document
from benchrace.config.explain import Keys, spelt
from benchrace.errors import FieldError

NAME = "model_policy.yaml"
_HEAD = (
    "# Models that the machines must have (required) or may have (optional). "
    "The Fleet page edits this file too.\n"
)

_ID = r"[A-Za-z0-9][A-Za-z0-9._+@-]*([/:][A-Za-z0-9._+@-]+)*"
ModelId = Annotated[str, Meta(max_length=200, extra_json_schema={"pattern": f"^{_ID}$"})]
Models = Annotated[tuple[ModelId, ...], Meta(max_length=200)]


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Models by what they are for, named as their engines name them."""

    llm: Models = ()
    whisper: Models = ()
    sdxl_profiles: Models = ()

    def all(self) -> tuple[str, ...]:
        """Return all names without duplicates."""
        return tuple(dict.fromkeys((*self.llm, *self.whisper, *self.sdxl_profiles)))

    def missing(self, have: Iterable[str]) -> tuple[str, ...]:
        """Return the names that have no match in `have`."""
        installed = {same(name) for name in have}
        return tuple(name for name in self.all() if same(name) not in installed)


class ModelPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    required: Group = Group()
    optional: Group = Group()


def same(name: str) -> str:
    """Normalise a model's name: lower case, without the default tag."""
    return name.lower().removesuffix(":latest")


def path_of(folder: Path) -> Path:
    """Return the file's path in a configuration folder."""
    return folder / NAME


def read_policy(path: Path) -> ModelPolicy:
    """Read the file; nothing is required where there is none. Raises InvalidInput. Blocks."""
    if not path.exists():
        return ModelPolicy()
    document = open_document(path)
    policy = document.decode(ModelPolicy)
    for keys, message in _wrong(policy):
        raise document.bad(keys, message)
    return policy


def wrong(policy: ModelPolicy) -> tuple[FieldError, ...]:
    """Find names that are none, and names that stand twice: as required and optional, too."""
    return tuple(FieldError(spelt(keys), message) for keys, message in _wrong(policy))


def _wrong(policy: ModelPolicy) -> Iterator[tuple[Keys, str]]:
    for kind in Group.__struct_fields__:
        seen: set[str] = set()
        for where in ModelPolicy.__struct_fields__:
            for index, name in enumerate(getattr(getattr(policy, where), kind)):
                keys = (where, kind, index)
                if re.fullmatch(_ID, name) is None:
                    yield keys, f"invalid model name {name[:60]!r} (e.g. name:tag or org/name)"
                elif same(name) in seen:
                    yield keys, f"{name} is listed twice, here or above"
                seen.add(same(name))


def text_of(policy: ModelPolicy) -> str:
    """Write it as YAML; read again it is the same."""
    lines = [_HEAD]
    for where in ModelPolicy.__struct_fields__:
        lines.append(f"{where}:\n")
        for kind in Group.__struct_fields__:
            names = getattr(getattr(policy, where), kind)
            # The names are plain by their pattern, and a list in brackets needs no indentation.
            listed = ", ".join(f'"{name}"' for name in names)
            lines.append(f"  {kind}: [{listed}]\n")
    return "".join(lines)
