"""How far quants of one model answer alike, so that a fast but broken one is seen."""

from collections.abc import Mapping, Sequence
from itertools import takewhile

from benchrace.run.summary import Agreement
from benchrace.stats.lane import LaneFold
from benchrace.stats.quantization import bits, stem
from benchrace.stats.said import Said

# Beside the prompt, which rounds are matched by: what an answer depends on.
_ALIKE = ("temperature", "max_tokens", "num_ctx", "think", "ignore_eos")


def agreements(lanes: Sequence[LaneFold]) -> dict[str, Agreement]:
    """Compare lanes of text with the least quantised one of the same model, by lane id.

    Of two rounds with equal prompts: the characters that both answers begin with, over those of
    the longer one; over rounds sum / sum. Only what the log keeps of an answer is compared.
    """
    texts = [each for each in lanes if any(said.text is not None for said in each.said.values())]
    return {each.lane.lane_id: _agreement(each, texts) for each in texts}


def _agreement(lane: LaneFold, lanes: Sequence[LaneFold]) -> Agreement:
    temperature = lane.lane.params.get("temperature")
    if temperature != 0:
        return _none(f"asked at temperature {temperature}: answers agree by chance above 0")
    alike = [each for each in lanes if _key(each) == _key(lane)]
    if len(alike) < 2:
        return _none("no other lane asks this model for the same in another quantisation")
    known = {each.lane.lane_id: found for each in alike if (found := _bits(each)) is not None}
    if len(known) < len(alike):
        return _none("the engine does not tell the quantisation of all its lanes")
    best = max(alike, key=lambda each: known[each.lane.lane_id])
    if best is lane:
        return _none("the least quantised: the others are compared with it")
    return _shared(best, lane)


def _shared(best: LaneFold, lane: LaneFold) -> Agreement:
    name = best.lane.lane_id
    wanted = _by_prompt(best.said)
    equal = whole = n = 0
    for prompt, text in _by_prompt(lane.said).items():
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
            reason="no round of both had the same prompt: name each lane's model",
        )
    return Agreement(with_=name, share=equal / whole, n=n)


def common(one: str, other: str) -> int:
    """Count the characters that both begin with."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _by_prompt(said: Mapping[int, Said]) -> dict[tuple[str, str], str]:
    return {(each.prompt_digest, each.nonce): each.text or "" for each in said.values()}


def _key(lane: LaneFold) -> tuple[object, ...]:
    first = next(iter(lane.said.values()))
    asked = tuple(lane.lane.params.get(name) for name in _ALIKE)
    return stem(first.engine.model), first.prompt_digest, *asked


def _bits(lane: LaneFold) -> int | None:
    engine = next(iter(lane.said.values())).engine
    found = bits(engine.quantization)
    return bits(engine.model) if found is None else found


def _none(reason: str) -> Agreement:
    return Agreement(share=None, reason=reason)
