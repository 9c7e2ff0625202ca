"""What estimates among a round's numbers mean for its verdict."""

from collections.abc import Sequence

from benchrace.events import Level, Measured, Verdict
from benchrace.kinds.metric import Metric, ranking

# As coarse as stamps may be before they make a round doubtful.
_COARSE = 0.03


def marked(verdict: Verdict, metrics: Sequence[Metric], measured: Sequence[Measured]) -> Verdict:
    """Add why numbers are estimates, each code once.

    The interval holds what is not known, so that the round stays as valid as it is; but where the
    number that ranks is known to no better than 3 %, it is SUSPECT. An INVALID round stays alone
    with what made it so.
    """
    if verdict.level is Level.INVALID:
        return verdict
    ranks = ranking(metrics)
    levels: dict[str, Level] = {}
    texts: dict[str, str] = {}
    for figure in measured:
        if figure.unknown is None:
            continue
        coarse = ranks is not None and figure.metric == ranks.name and _is_coarse(figure)
        texts.setdefault(figure.unknown.code, figure.unknown.text)
        if coarse or figure.unknown.code not in levels:
            levels[figure.unknown.code] = Level.SUSPECT if coarse else Level.VALID
    codes = {reason.code for reason in verdict.reasons}
    for code, text in texts.items():
        if code not in codes:
            verdict = verdict.worse(levels[code], code, text)
    return verdict


def _is_coarse(measured: Measured) -> bool:
    if measured.value is None or measured.low is None or measured.high is None:
        return False
    return measured.high - measured.low > _COARSE * abs(measured.value)
