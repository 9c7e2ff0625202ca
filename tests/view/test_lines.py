"""Lines in any pieces, and without what only shows a round."""

from benchrace.view.lines import without_output

OUTPUT = [
    b'{"type":"%s","seq":0}' % kind
    for kind in (b"llm_token", b"compute_line", b"progress", b"preview")
]
OTHER = b'{"type":"round_done","seq":3,"payload":{"text":"{\\"type\\":\\"progress\\","}}'


def joined(*lines: bytes) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def test_text_output_and_progress_are_left_out() -> None:
    assert without_output(joined(*OUTPUT, OTHER, *OUTPUT, OTHER)) == joined(OTHER, OTHER)


def test_the_last_line_stays_whatever_it_is() -> None:
    assert without_output(joined(OTHER, *OUTPUT)) == joined(OTHER, OUTPUT[-1])
    assert without_output(joined(OUTPUT[0])) == joined(OUTPUT[0])
