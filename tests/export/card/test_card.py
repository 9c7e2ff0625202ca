"""The card: well-formed, nothing over anything else, whatever became of the run."""

from itertools import combinations
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.errors import BenchraceError, Category
from benchrace.export import card
from benchrace.export.drawing.palette import THEMES
from benchrace.export.drawing.text_width import text_width
from benchrace.export.text import plain
from benchrace.run.card import CardShape, CardTheme
from benchrace.run.document import RunDocument
from benchrace.run.metadata import MachineHost
from benchrace.run.states import RunState
from tests.export.conftest import HOSTILE
from tests.export.results import FAST, LONG, SLOW, many, run_document
from tests.export.test_hardware import on_machines

SVG = "{http://www.w3.org/2000/svg}"
SIZES = {CardShape.WIDE: (1200, 630), CardShape.SQUARE: (1080, 1080)}
NEARLY = (1.0, 1.3, 0.8, 1.1, 0.9)
FAILURE = BenchraceError(Category.UNREACHABLE, f"left is away {HOSTILE}").failure()
HOSTS = {"m": MachineHost(host_id="h", share_host=True)}
RUNS = {
    "won": run_document(),
    "tied": run_document((NEARLY, NEARLY[::-1])),
    "one lane": run_document((FAST,), ("alone",)),
    "only one has a value": run_document((FAST, ())),
    "one round": run_document((FAST[:1], SLOW[:1])),
    "many": many(10),
    "long": run_document((FAST, SLOW, SLOW), (LONG, LONG + "b", LONG + "c"), name=LONG),
    "long words": run_document(labels=("word " * 60, "other " * 60), name="name " * 90),
    "hostile": run_document(labels=(HOSTILE, HOSTILE + "2"), name=HOSTILE),
    "wide letters": run_document(labels=("模型" * 40, "🏁" * 40), name="ЖЩ" * 80),
    "cancelled": run_document(state=RunState.CANCELLED),
    "interrupted": run_document(state=RunState.INTERRUPTED),
    "running": run_document((FAST[:2], SLOW[:2]), state=RunState.RUNNING),
    "failed": run_document(((), ()), state=RunState.FAILED, failure=FAILURE),
    "nothing": run_document(((), ())),
    "outlier": run_document(((1.0, 0.001, 1.0, 1.0, 1.0), SLOW)),
}
Box = tuple[float, float, float, float]


def parse(run: RunDocument, shape: CardShape = CardShape.WIDE) -> ElementTree.Element:
    return ElementTree.fromstring(card.render(run, shape))


def texts(root: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def boxes(root: ElementTree.Element) -> list[tuple[str, Box]]:
    """Return what texts and bars cover: left, top, right, bottom."""
    covered: list[tuple[str, Box]] = []
    for text in root.iter(f"{SVG}text"):
        content = "".join(text.itertext())
        size, x, y = (float(text.attrib[name]) for name in ("font-size", "x", "y"))
        bold = int(text.attrib.get("font-weight", 400)) >= 600
        width = text_width(content, size, bold=bold)
        left = x - width if text.attrib.get("text-anchor") == "end" else x
        if content:
            covered.append((content, (left, y - size * 0.75, left + width, y + size * 0.2)))
    for group in root.iter(f"{SVG}g"):
        words = group.attrib["transform"].removeprefix("translate(").removesuffix(")").split()
        x, y = map(float, words)
        track = group[0].attrib
        right, bottom = x + float(track["width"]), y + float(track["height"])
        covered.append(("bar", (x, y, right, bottom)))
    return covered


def overlap(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2] - 0.5
        and other[0] < one[2] - 0.5
        and one[1] < other[3] - 0.5
        and other[1] < one[3] - 0.5
    )


@pytest.mark.parametrize("shape", CardShape)
@pytest.mark.parametrize("name", RUNS)
def test_nothing_lies_over_anything_else(name: str, shape: CardShape) -> None:
    root = parse(RUNS[name], shape)
    width, height = SIZES[shape]
    assert (root.attrib["width"], root.attrib["height"]) == (str(width), str(height))
    covered = boxes(root)
    assert len(covered) >= 4
    for content, (left, top, right, bottom) in covered:
        assert min(left, top) >= 0, content
        assert right <= width, content
        assert bottom <= height, content
    pairs = combinations(covered, 2)
    assert [(one[0], other[0]) for one, other in pairs if overlap(one[1], other[1])] == []


@pytest.mark.parametrize("shape", CardShape)
@pytest.mark.parametrize("name", ["won", "tied", "one lane", "one round", "cancelled"])
def test_the_sentences_are_those_of_the_result(name: str, shape: CardShape) -> None:
    run = RUNS[name]
    assert run.result is not None
    root = parse(run, shape)
    drawn = " ".join(texts(root))
    for sentence in (run.result.headline, run.result.detail, run.result.confidence.text):
        assert sentence in drawn
    for margin in (run.result.margin, run.result.interval):
        for word in (margin or "").split():
            assert word in drawn
    assert run.run_id in drawn
    assert "Fast, 8 threads, 16 GiB, Big GPU" in drawn
    assert "14 Nov 2023" in drawn
    assert len(list(root.iter(f"{SVG}g"))) == len(run.lanes)
    assert root.find(f"{SVG}title") is not None


@pytest.mark.parametrize("theme", CardTheme)
def test_the_winner_has_the_colour_of_its_lane(theme: CardTheme) -> None:
    run = run_document((SLOW, FAST))
    root = ElementTree.fromstring(card.render(run, theme=theme))
    (span,) = [span for span in root.iter(f"{SVG}tspan") if span.text == "small-f16"]
    assert span.attrib["fill"] == THEMES[theme].lanes[1]
    (margin,) = [text for text in root.iter(f"{SVG}text") if "".join(text.itertext()) == "2.0x"]
    assert margin.attrib["fill"] == THEMES[theme].lanes[1]
    assert root[1].attrib["fill"] == THEMES[theme].surface


def test_bars_are_shares_of_the_fastest_and_have_all_rounds() -> None:
    run = RUNS["won"]
    best, other = parse(run).iter(f"{SVG}g")
    track, fill = (float(rect.attrib["width"]) for rect in list(best)[:2])
    slower = float(other[1].attrib["width"])
    assert slower / fill == pytest.approx(0.5, abs=0.01)
    assert fill <= track
    assert run.result is not None
    for drawn, lane in zip((best, other), run.result.lanes, strict=True):
        dots = [float(dot.attrib["cx"]) for dot in drawn.iter(f"{SVG}circle")]
        leader = run.result.lanes[0].value or 0.0
        assert dots == pytest.approx([value / leader * fill for value in lane.rounds], abs=0.02)


def test_the_seventh_lane_is_counted() -> None:
    root = parse(RUNS["many"])
    assert len(list(root.iter(f"{SVG}g"))) == 6
    assert any("and 4 more" in text for text in texts(root))
    # That is under the lanes; the title counts as well.
    assert sum("more" in text for text in texts(root)) == 2
    assert sum("more" in text for text in texts(parse(many(6)))) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cancelled", "cancelled"),
        ("interrupted", "interrupted"),
        ("failed", "failed"),
        ("failed", "No result"),
        ("failed", "left is away"),
        ("nothing", "No result"),
        ("tied", "Too close to call"),
        ("only one has a value", "Only small-q8 has a result"),
        ("only one has a value", "no value"),
    ],
)
def test_what_became_of_the_run_is_said(name: str, shown: str) -> None:
    assert any(shown in text for text in texts(parse(RUNS[name])))


def test_the_card_of_a_race_that_is_on_says_so() -> None:
    shown = texts(parse(RUNS["running"]))
    assert "running" in shown
    assert "small-q8 leads so far" in shown
    assert "queued" in texts(parse(run_document(((), ()), state=RunState.QUEUED)))


def test_a_card_is_the_same_every_time() -> None:
    assert card.render(RUNS["won"]) == card.render(run_document())


@given(st.text(min_size=1, max_size=90), st.text(min_size=1, max_size=90))
def test_any_text_is_text(one: str, other: str) -> None:
    root = parse(run_document(labels=(one, other), name=other))
    used = {tag.tag.removeprefix(SVG) for tag in root.iter()}
    assert used <= {"svg", "title", "rect", "text", "tspan", "g", "line", "circle"}
    for tag in root.iter():
        assert not any(name.startswith("on") or "href" in name for name in tag.attrib)
    drawn = " ".join(texts(root))
    if len(plain(one)) < 6:
        assert plain(one) in drawn


@pytest.mark.parametrize("shape", CardShape)
def test_the_footer_cuts_no_name_of_a_machine(shape: CardShape) -> None:
    names = [f"workstation of the laboratory {number}" for number in range(8)]
    run = on_machines(*names)
    (foot,) = [text for text in texts(parse(run, shape)) if "5 rounds" in text]
    shown = foot.partition(" · ")[0]
    whole, _, more = shown.partition(" and ")
    assert more == f"{len(names) - len(whole.split(', '))} more"
    assert all(name in names for name in whole.split(", "))


def test_a_headline_is_cut_only_where_it_is_as_small_as_it_may_be() -> None:
    cut = set()
    for length in range(5, 40):
        label = f"workstation {'x' * length}"
        root = parse(run_document((FAST, SLOW), (label, "other")), CardShape.SQUARE)
        wins = next(text for text in root.iter(f"{SVG}text") if "wins" in "".join(text.itertext()))
        if "…" in "".join(wins.itertext()):
            cut.add(wins.attrib["font-size"])
    assert len(cut) == 1


def test_an_interval_in_a_tie_says_what_it_is_of() -> None:
    assert any(text.startswith("lead · 95 % interval") for text in texts(parse(RUNS["tied"])))


@pytest.mark.parametrize("shape", CardShape)
def test_a_tie_of_simulated_machines_is_said_in_whole_words(shape: CardShape) -> None:
    run = msgspec.structs.replace(RUNS["tied"], simulated=True)
    assert run.result is not None
    head = f"Simulated: {run.result.headline}"
    result = msgspec.structs.replace(run.result, headline=head)
    assert head in texts(parse(msgspec.structs.replace(run, result=result), shape))
