"""Read an entry of /history: how a prompt ended, and what it made."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from benchrace.plugin import ServerTimes
from benchrace_comfyui.values import mapping, sequence

SUCCESS, ERROR, INTERRUPTED = "execution_success", "execution_error", "execution_interrupted"
_MAX_MS = 10**16


class Image(NamedTuple):
    """An image in the server's folders, and the node that wrote it."""

    node: str
    filename: str
    subfolder: str = ""
    type: str = "output"


class Finished(NamedTuple):
    """A prompt that is over: its last message says how; `cached` are nodes that did not run."""

    last: str
    message: Mapping[str, Any]
    images: tuple[Image, ...]
    cached: frozenset[str]
    times: ServerTimes

    @property
    def succeeded(self) -> bool:
        return self.last == SUCCESS


def finished(entry: Mapping[str, Any]) -> Finished:
    """Read an entry; the status alone does not tell a failure from an interruption."""
    status = mapping(entry.get("status"))
    messages = {
        str(row[0]): mapping(row[1])
        for row in map(sequence, sequence(status.get("messages")))
        if len(row) > 1
    }
    last = next((name for name in (ERROR, INTERRUPTED) if name in messages), "")
    if not last:
        last = SUCCESS if status.get("completed") is True else ERROR
    message = messages.get(last, {})
    return Finished(
        last=last,
        message=message,
        images=tuple(_images(mapping(entry.get("outputs")))),
        cached=frozenset(map(str, sequence(_at(messages, "execution_cached", "nodes")))),
        times=ServerTimes(
            create_ms=_ms(_created(entry)),
            start_ms=_ms(_at(messages, "execution_start", "timestamp")),
            end_ms=_ms(message.get("timestamp")),
        ),
    )


def _images(outputs: Mapping[str, Any]) -> Iterator[Image]:
    for node, output in outputs.items():
        for image in map(mapping, sequence(mapping(output).get("images"))):
            name = image.get("filename")
            if isinstance(name, str) and name:
                subfolder = str(image.get("subfolder") or "")
                yield Image(node, name, subfolder, str(image.get("type") or "output"))


def _created(entry: Mapping[str, Any]) -> Any:
    """Return when the prompt was accepted, which newer servers add to its extra data."""
    prompt = sequence(entry.get("prompt"))
    return mapping(prompt[3]).get("create_time") if len(prompt) > 3 else None


def _at(messages: Mapping[str, Mapping[str, Any]], name: str, key: str) -> Any:
    return messages.get(name, {}).get(key)


def _ms(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= _MAX_MS else None
