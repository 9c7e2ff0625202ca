"""What Ollama's own figures give away about a round that looks good."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from benchrace.plugin import Answer
from benchrace_ollama.residence import LOADED_NS

_WAITED_NS = 250_000_000
_ALIKE = 0.1
_LIKELY = 4
_EARLIER = 2
_SHORT = 64


class Doubt(NamedTuple):
    """A reason against a round; `fatal` makes it INVALID, else it is SUSPECT."""

    code: str
    text: str
    fatal: bool = False


UNKNOWN_CACHE = Doubt(
    "cache_unknown",
    "the prompt went out without a nonce, and Ollama does not tell how much of it was cached",
)


class Prefill(NamedTuple):
    """A prompt that was evaluated: its tokens, and the time it took."""

    tokens: int
    ns: int


def of_answer(answer: Answer, words: int, context: int | None) -> Iterator[Doubt]:
    """Doubts about one answer to a prompt of `words`, in a context of that many tokens."""
    load, usage = answer.times.load_ns, answer.usage
    if load is not None and load >= LOADED_NS:
        text = f"Ollama loaded the model inside the answer ({load / 1e6:.0f} ms)"
        yield Doubt("reloaded", f"{text}: the time to the first token holds it", fatal=True)
    if usage.prompt is not None and usage.prompt < words:
        text = f"{words} words were sent, and only {usage.prompt} tokens of them evaluated"
        yield Doubt("prompt_cut", text, fatal=True)
    used = (usage.prompt or 0) + (usage.output or 0)
    if context is not None and used > context:
        text = f"{used} tokens in a context of {context}: a part was dropped on the way"
        yield Doubt("context_shifted", text)


def waited(answer: Answer) -> Doubt | None:
    """Time inside Ollama that none of its durations has: another client's answer came first."""
    times = answer.times
    if times.total_ns is None:
        return None
    told = sum(each or 0 for each in (times.load_ns, times.prefill_ns, times.decode_ns))
    rest = times.total_ns - told
    if rest <= _WAITED_NS:
        return None
    return Doubt("queued", f"{rest / 1e6:.0f} ms of waiting inside Ollama: somebody else uses it")


def spilled(size: int | None, on_gpu: int) -> Doubt | None:
    """A model that is on a GPU in part: what is left for the CPU sets the pace."""
    if not size or not 0 < on_gpu < size:
        return None
    return Doubt("spilled", f"only {on_gpu / size:.0%} of the model is on the GPU")


def each_once(found: Sequence[Doubt]) -> Iterator[Doubt]:
    """Say each code once, with the first of its reasons and how many there were."""
    by_code: dict[str, list[Doubt]] = {}
    for each in found:
        by_code.setdefault(each.code, []).append(each)
    for first, *more in by_code.values():
        text = f"{first.text}; {len(more)} more answers alike" if more else first.text
        yield first._replace(text=text)


def cached(now: Prefill, earlier: Iterable[Prefill]) -> Doubt | None:
    """A prompt evaluated in a quarter of the shortest time that one as long has ever taken.

    Ollama tells no cached count. The first evaluation after a load is slow by itself, so that two
    earlier ones are needed; short prompts are not judged.
    """
    if now.tokens < _SHORT:
        return None
    alike = [each.ns for each in earlier if abs(each.tokens - now.tokens) <= _ALIKE * now.tokens]
    if len(alike) < _EARLIER or now.ns * _LIKELY > min(alike):
        return None
    text = (
        f"{now.tokens} tokens were evaluated in {now.ns / 1e6:.3g} ms, "
        f"which took {min(alike) / 1e6:.3g} ms before"
    )
    return Doubt("cache_likely", f"{text}: Ollama seems to have had the prompt")
