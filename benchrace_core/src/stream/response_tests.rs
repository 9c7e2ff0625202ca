use super::*;

const CHUNKED: &[u8] = b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n8\r\n\":1}\n{}\n\r\n0\r\n\r\n";

fn stamp(at_ns: i64) -> Stamp {
    Stamp { at_ns, not_before_ns: at_ns - 10 }
}

fn read(pieces: &[&[u8]]) -> Result<(Vec<Chunk>, Option<End>), Fault> {
    let mut response = Response::new(Format::Ndjson, 1000, false);
    let (mut out, mut end) = (Vec::new(), None);
    for (index, piece) in pieces.iter().enumerate() {
        end = response.feed(piece, stamp(100 * index as i64), &mut out)?;
    }
    Ok((out, end))
}

#[test]
fn any_pieces_give_the_same_lines() {
    for cut in 0..=CHUNKED.len() {
        let (chunks, end) = read(&[&CHUNKED[..cut], &CHUNKED[cut..]]).unwrap();
        let lines: Vec<_> = chunks.iter().map(|chunk| chunk.data.as_slice()).collect();
        assert_eq!(lines, [&b"{\"a\":1}"[..], b"{}"], "cut at {cut}");
        let ended = cut == CHUNKED.len() || end == Some(End::Complete);
        assert!(ended, "cut at {cut}");
    }
    let singles: Vec<_> = CHUNKED.chunks(1).collect();
    assert_eq!(read(&singles).unwrap().1, Some(End::Complete));
}

#[test]
fn a_line_alone_is_exact_and_lines_together_carry_a_bound() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n";
    let (chunks, _) = read(&[head, b"1\n", b"2\n3\n", b"4\n5"]).unwrap();
    let found: Vec<_> =
        chunks.iter().map(|chunk| (chunk.stamp.at_ns, chunk.stamp.not_before_ns)).collect();
    assert_eq!(found, [(100, 100), (200, 190), (200, 200), (300, 290)]);
}

#[test]
fn a_cut_before_the_end_is_told_apart() {
    for cut in 0..CHUNKED.len() {
        let mut response = Response::new(Format::Ndjson, 1000, false);
        let mut out = Vec::new();
        assert_eq!(response.feed(&CHUNKED[..cut], stamp(0), &mut out).unwrap(), None);
        let fault = response.close(stamp(1), &mut out).unwrap_err();
        assert_eq!(fault.kind, Kind::Truncated, "cut at {cut}");
    }
    let mut response = Response::new(Format::Lines, 1000, false);
    let mut out = Vec::new();
    response.feed(b"HTTP/1.1 200 OK\r\n\r\na\nb", stamp(0), &mut out).unwrap();
    assert_eq!(response.close(stamp(1), &mut out), Ok(End::Closed));
    assert_eq!(out.len(), 2);
    assert!(!response.keeps_alive());
}

#[test]
fn an_error_is_read_as_text() {
    let mut response = Response::new(Format::Sse, 1000, false);
    let mut out = Vec::new();
    let text = b"HTTP/1.1 503 No\r\nContent-Length: 14\r\n\r\n{\"error\":\"no\"}";
    assert_eq!(response.feed(text, stamp(0), &mut out).unwrap(), Some(End::Complete));
    assert_eq!(out[0].data, b"{\"error\":\"no\"}");
    assert!(response.keeps_alive());
}

#[test]
fn what_follows_an_answer_spoils_its_connection() {
    let mut response = Response::new(Format::Lines, 1000, false);
    let text = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab";
    response.feed(text, stamp(0), &mut Vec::new()).unwrap();
    assert!(!response.keeps_alive());
}

#[test]
fn answers_that_are_none_are_refused() {
    assert!(read(&[b"HTTP/1.1 101 Up\r\n\r\n"]).is_err());
    assert!(read(&[&b"HTTP/1.1 100 Go\r\n\r\n".repeat(17)]).is_err());
    assert!(read(&[b"\0\0\0\n\n"]).is_err());
}

#[test]
fn a_head_request_has_no_body() {
    let mut response = Response::new(Format::Lines, 1000, true);
    let text = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    assert_eq!(response.feed(text, stamp(0), &mut Vec::new()).unwrap(), Some(End::Complete));
}
