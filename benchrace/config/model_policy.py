"""`model_policy.yaml`: which models every machine must have, and which it may."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.config.document import open_document
from benchrace.errors import FieldError

NAME = "model_policy.yaml"
_HEAD = "# Which models the machines must have, and which they may. Edited on the admin page too.\n"

# The last part keeps a line's end out, which `$` alone lets in.
_ID = r"^[A-Za-z0-9][A-Za-z0-9._+@-]*([/:][A-Za-z0-9._+@-]+)*$(?!\n)"
ModelId = Annotated[str, Meta(pattern=_ID, max_length=200)]
Models = Annotated[tuple[ModelId, ...], Meta(max_length=200)]


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Models by what they are for, named as their engines name them."""

    llm: Models = ()
    whisper: Models = ()
    sdxl_profiles: Models = ()

    def all(self) -> tuple[str, ...]:
        """Give all names, each once."""
        return tuple(dict.fromkeys((*self.llm, *self.whisper, *self.sdxl_profiles)))

    def missing(self, have: Iterable[str]) -> tuple[str, ...]:
        """Give the names of which none is in `have`."""
        known = {same(each) for each in have}
        return tuple(each for each in self.all() if same(each) not in known)


class ModelPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    required: Group = Group()
    optional: Group = Group()


def same(name: str) -> str:
    """Give one spelling for names that mean one model: case, and a tag that is the usual one."""
    return name.lower().removesuffix(":latest")


def path_of(folder: Path) -> Path:
    """Name the file in a configuration folder."""
    return folder / NAME


def read_policy(path: Path) -> ModelPolicy:
    """Read the file; nothing is required where there is none. Raises InvalidInput. Blocks."""
    if not path.exists():
        return ModelPolicy()
    document = open_document(path)
    policy = document.decode(ModelPolicy)
    for bad in twice(policy):
        keys = tuple(bad.path.split("."))
        raise document.bad(keys, bad.message)
    return policy


def twice(policy: ModelPolicy) -> Iterable[FieldError]:
    """Find names that stand twice: in one list, or as required and as optional."""
    for kind in Group.__struct_fields__:
        seen: set[str] = set()
        for where in ModelPolicy.__struct_fields__:
            for name in getattr(getattr(policy, where), kind):
                if same(name) in seen:
                    yield FieldError(f"{where}.{kind}", f"{name} stands here or above twice")
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
