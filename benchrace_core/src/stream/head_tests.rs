use super::*;

fn read(text: &[u8]) -> Result<Head, Fault> {
    let (taken, head) = HeadReader::default().feed(text)?;
    assert_eq!(taken, text.len());
    Ok(head.expect("the head is complete"))
}

#[test]
fn any_pieces_give_the_same_head() {
    let text = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: Chunked\r\n\r\nrest";
    let whole = HeadReader::default().feed(text).unwrap();
    assert_eq!(whole.0, text.len() - 4);
    for cut in 0..text.len() - 4 {
        let mut reader = HeadReader::default();
        assert_eq!(reader.feed(&text[..cut]).unwrap(), (cut, None), "cut at {cut}");
        let (taken, head) = reader.feed(&text[cut..]).unwrap();
        assert_eq!((cut + taken, head), whole, "cut at {cut}");
    }
}

#[test]
fn framing_follows_the_headers() {
    let framing = |text: &str| read(text.as_bytes()).map(|head| head.framing);
    assert_eq!(framing("HTTP/1.1 200 OK\r\n\r\n"), Ok(Framing::UntilClose));
    assert_eq!(framing("HTTP/1.1 200\nContent-Length: 12\n\n"), Ok(Framing::Length(12)));
    assert_eq!(framing("HTTP/1.1 204 x\r\n\r\n"), Ok(Framing::Length(0)));
    for broken in [
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
        "HTTP/1.1 20x OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n",
        "SSH-2.0\r\n\r\n",
        "\r\n\r\n",
    ] {
        assert!(read(broken.as_bytes()).is_err(), "{broken:?}");
    }
}

#[test]
fn a_connection_is_kept_unless_it_says_no() {
    let kept = |text: &str| read(text.as_bytes()).unwrap().keeps_alive;
    assert!(kept("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    assert!(!kept("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n"));
    assert!(!kept("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
    assert!(!kept("HTTP/1.1 200 OK\r\n\r\n"));
}

#[test]
fn a_flood_of_headers_is_refused_in_any_pieces() {
    for piece in [1000, 1 << 20] {
        let mut reader = HeadReader::default();
        let flood = b"HTTP/1.1 200 OK\r\n".iter().chain(b"A: b\r\n".iter().cycle().take(1 << 20));
        let flood: Vec<u8> = flood.copied().collect();
        let found = flood.chunks(piece).map(|each| reader.feed(each)).find(Result::is_err);
        assert!(found.unwrap().unwrap_err().message.contains("65536"));
    }
}
