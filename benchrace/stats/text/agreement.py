"""How far quantisations of one model answer alike, so that a fast but broken one shows."""

from collections.abc import Mapping, Sequence
from itertools import takewhile

from benchrace.run.summary import Agreement
from benchrace.stats.lane import LaneFold
from benchrace.stats.text.quantization import bits, stem
from benchrace.stats.text.text_identity import TextFacts

# Beside the prompt, which rounds are matched by: what an answer depends on.
_ALIKE = ("temperature", "max_tokens", "num_ctx", "think", "ignore_eos", "prefix")


def agreements(lanes: Sequence[LaneFold]) -> dict[str, Agreement]:
    """Compare lanes of text with the least quantised one of the same model, by lane id.

    Of two answers to equal prompts: the characters that both begin with, over those of the longer
    one; over prompts sum / sum. Only what the log keeps of an answer is compared. Rounds begin
    with nonces of their own, so that it is the reference answers that have equal prompts.
    """
    texts = [lane for lane in lanes if any(text.text is not None for text in lane.texts.values())]
    return {text.lane.lane_id: _agreement(text, texts) for text in texts}


def _agreement(lane: LaneFold, lanes: Sequence[LaneFold]) -> Agreement:
    temperature = lane.lane.params.get("temperature")
    if temperature != 0:
        return _none(f"the temperature is {temperature}: answers agree by chance above 0")
    alike = [peer for peer in lanes if _key(peer) == _key(lane)]
    if len(alike) < 2:
        return _none("no other lane sends this model the same prompt in another quantisation")
    widths = {peer.lane.lane_id: width for peer in alike if (width := _bits(peer)) is not None}
    if len(widths) < len(alike):
        return _none("the engine does not report the quantisation of all its lanes")
    best = max(alike, key=lambda peer: widths[peer.lane.lane_id])
    if best is lane:
        return _none("the least quantised: the others are compared with it")
    return _shared(best, lane)


def _shared(best: LaneFold, lane: LaneFold) -> Agreement:
    name = best.lane.lane_id
    wanted = _by_prompt(best.texts)
    equal = whole = n = 0
    for prompt, text in _by_prompt(lane.texts).items():
        other = wanted.get(prompt)
        if other is None or not (text or other):
            continue
        equal += common(text, other)
        whole += max(len(text), len(other))
        n += 1
    if not n:
        return Agreement(
            with_=name,
            share=None,
            reason="the two lanes have no answers to the same prompt: each round has a nonce of "
            "its own, and one of the lanes has no reference answer",
        )
    return Agreement(with_=name, share=equal / whole, n=n)


def common(one: str, other: str) -> int:
    """Count the characters that both begin with."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _by_prompt(rounds: Mapping[int, TextFacts]) -> dict[tuple[str, str], str]:
    texts = {(text.prompt_digest, text.nonce): text.text or "" for text in rounds.values()}
    references = {(text.prompt_digest, ""): text.reference for text in rounds.values()}
    return texts | {prompt: text for prompt, text in references.items() if text}


def _key(lane: LaneFold) -> tuple[object, ...]:
    first = next(iter(lane.texts.values()))
    params = tuple(lane.lane.params.get(name) for name in _ALIKE)
    return stem(first.engine.model), first.prompt_digest, *params


def _bits(lane: LaneFold) -> int | None:
    engine = next(iter(lane.texts.values())).engine
    width = bits(engine.quantization)
    return bits(engine.model) if width is None else width


def _none(reason: str) -> Agreement:
    return Agreement(share=None, reason=reason)
