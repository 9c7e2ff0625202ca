"""Names of models as Ollama takes them: without regard to case, `:latest` where no tag is."""

from collections.abc import Iterable

from benchrace_ollama.api import Running, Shown, Tag

_FROM = "FROM "
_BLOB = "sha256-"


def full(name: str) -> str:
    """Give a name with its tag, in small letters."""
    name = name.strip().lower()
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def find(name: str, tags: Iterable[Tag]) -> Tag | None:
    """Find a model by its name."""
    wanted = full(name)
    return next((each for each in tags if full(each.name) == wanted), None)


def listed(tag: Tag, resident: Iterable[Running]) -> Running | None:
    """Find a model in memory, also where a copy under another name had it loaded."""
    found = [each for each in resident if full(each.name) == full(tag.name)]
    found += [each for each in resident if each.digest and each.digest == tag.digest]
    return found[0] if found else None


def blob(shown: Shown) -> str | None:
    """The file that a runner loads, by its name in the store: `sha256-...`."""
    for line in shown.modelfile.splitlines():
        if line.startswith(_FROM) and _BLOB in line:
            return _BLOB + line.rpartition(_BLOB)[2].strip()
    return None
