"""Compare names of models as Ollama does: ignoring case, and with the default tag `:latest`."""

from collections.abc import Iterable

from benchrace_ollama.client import Running, Shown, Tag

_FROM = "FROM "
_BLOB = "sha256-"


def full(name: str) -> str:
    """Return a name with its tag, in lower case."""
    name = name.strip().lower()
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def find(name: str, tags: Iterable[Tag]) -> Tag | None:
    """Find a model by its name."""
    full_name = full(name)
    return next((tag for tag in tags if full(tag.name) == full_name), None)


def listed(tag: Tag, resident: Iterable[Running]) -> Running | None:
    """Find a model in memory, also under the name of a copy."""
    models = tuple(resident)
    matches = [model for model in models if full(model.name) == full(tag.name)]
    matches += [model for model in models if model.digest and model.digest == tag.digest]
    return matches[0] if matches else None


def blob(shown: Shown) -> str | None:
    """Return the file that a runner loads, by its name in the store: `sha256-...`."""
    for line in shown.modelfile.splitlines():
        if line.startswith(_FROM) and _BLOB in line:
            return _BLOB + line.rpartition(_BLOB)[2].strip()
    return None
