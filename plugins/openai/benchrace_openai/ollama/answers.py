"""The answers of Ollama's own API, which reports files, memory and contexts."""

from typing import Any

import msgspec

_FROM = "FROM "
_BLOB = "sha256-"


class Details(msgspec.Struct, frozen=True):
    """A summary of a model."""

    family: str = ""
    quantization_level: str = ""


class Tag(msgspec.Struct, frozen=True):
    """A model on disk, `size` in bytes. With `remote_host` it runs on another machine."""

    name: str
    digest: str = ""
    size: int | None = None
    details: Details = Details()
    capabilities: tuple[str, ...] | None = None
    remote_host: str = ""


class InMemory(msgspec.Struct, frozen=True):
    """A model in memory, sizes in bytes; `context_length` is what it runs with."""

    name: str
    digest: str = ""
    size: int | None = None
    size_vram: int = 0
    context_length: int | None = None


class Tags(msgspec.Struct, frozen=True):
    """`/api/tags`; `models` is null without any."""

    models: tuple[Tag, ...] | None


class Processes(msgspec.Struct, frozen=True):
    """`/api/ps`; null if no model is in memory."""

    models: tuple[InMemory, ...] | None


class Shown(msgspec.Struct, frozen=True):
    """`/api/show`, as far as it describes the file and tokenizer of a model."""

    modelfile: str = ""
    parameters: str = ""
    model_info: dict[str, Any] = {}

    @property
    def weights(self) -> str | None:
        """The file of weights by its name in the store, `sha256-...`; models may share one."""
        for line in self.modelfile.splitlines():
            if line.startswith(_FROM) and _BLOB in line:
                return _BLOB + line.rpartition(_BLOB)[2].strip()
        return None

    @property
    def tokenizer(self) -> str | None:
        """The tokenizer's kind, rules and size, in the notation of the backend `ollama`."""
        kind = self.model_info.get("tokenizer.ggml.model")
        if not isinstance(kind, str):
            return None
        size = self.model_info.get(f"{self.model_info.get('general.architecture')}.vocab_size")
        return f"{kind}/{self.model_info.get('tokenizer.ggml.pre', '')}/{size or 'unknown'}"


class Ollama(msgspec.Struct, frozen=True, kw_only=True):
    """The models that an Ollama has on disk and in memory."""

    version: str
    tags: tuple[Tag, ...]
    in_memory: tuple[InMemory, ...]

    def tag(self, name: str) -> Tag | None:
        """Find a model on disk by its name."""
        return next((tag for tag in self.tags if same_name(tag.name, name)), None)

    def loaded(self, name: str) -> InMemory | None:
        """Find a model in memory by its name, or by the digest of a copy under another name."""
        tag = self.tag(name)
        matches = [model for model in self.in_memory if same_name(model.name, name)]
        copies = [model for model in self.in_memory if tag and model.digest == tag.digest != ""]
        return next(iter((*matches, *copies)), None)


def same_name(one: str, other: str) -> bool:
    """Compare names as Ollama does: ignoring case, and with the default tag `:latest`."""
    return full_name(one) == full_name(other)


def full_name(name: str) -> str:
    """Return a name with its tag, in lower case."""
    name = name.strip().lower()
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
