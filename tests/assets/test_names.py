"""Which names and addresses are accepted."""

import pytest

from benchrace.assets.sources.url_policy import UrlPolicy, ascii_url
from benchrace.config.assets.file_name import MAX_BYTES, check_name, with_suffix
from benchrace.errors import InvalidInput

POLICY = UrlPolicy(
    hosts=("hub.example", "*.cdn.example"), private_hosts=("nas.lab", "10.0.0.5:9000")
)


@pytest.mark.parametrize(
    "name",
    [
        "sd_xl_base_1.0.safetensors",
        "Modèle été (v2) [fp16].ckpt",
        "模型.gguf",
        "console.bin",
        "a" * MAX_BYTES,
    ],
)
def test_plain_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "C:\\x",
        ".hidden",
        "x ",
        " x",
        "x.",
        "CON",
        "nul.safetensors",
        "com1.bin",
        "a\0b",
        "a\nb",
        "a\u202eb.bin",
        "a\u200bb",
        "ﬁle.bin",
        "ｘ.bin",
        "e\u0301.bin",
        "a\ud800b",
        "a:b",
        "a*b",
        'a"b',
        "a" * (MAX_BYTES + 1),
        "é" * MAX_BYTES,
    ],
)
def test_odd_names_are_refused_without_being_shown_as_they_are(name: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        check_name(name)
    assert raised.value.message.isascii()
    assert raised.value.fields[0].path == "name"


def test_a_suffix_goes_before_the_extension() -> None:
    assert with_suffix("a.b.bin", "1") == "a.b-1.bin"
    assert with_suffix("plain", "1") == "plain-1"
    longest = with_suffix("é" * 90 + ".bin", "12345678")
    assert check_name(longest).endswith("é-12345678.bin")
    assert check_name(with_suffix("a" * MAX_BYTES, "12345678"))


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://hub.example/a", False),
        ("https://HUB.example./a", False),
        ("https://eu.cdn.example:8443/a", False),
        ("http://nas.lab/a", True),
        ("https://nas.lab:1/a", True),
        ("http://10.0.0.5:9000/a", True),
    ],
)
def test_listed_hosts(url: str, private: bool) -> None:
    assert POLICY.check(url).private is private


@pytest.mark.parametrize(
    "url",
    [
        "http://hub.example/a",
        "https://hub.example.evil.example/a",
        "https://evil-hub.example/a",
        "https://cdn.example/a",
        "https://xcdn.example/a",
        "https://hub.example@evil.example/a",
        "https://me:secret@hub.example/a",
        "https://127.1/a",
        "https://2130706433/a",
        "https://[::ffff:7f00:1]/a",
        "http://10.0.0.5:9001/a",
        "http://10.0.0.5/a",
        "ftp://hub.example/a",
        "file:///etc/passwd",
        "https://hub.example:99999/a",
        "https://[hub.example/a",
        "//hub.example/a",
        "",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        POLICY.check(url)
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    ("address", "public", "private"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1::1", True, True),
        ("127.0.0.1", False, True),
        ("10.1.2.3", False, True),
        ("::1", False, True),
        ("fd00::1", False, True),
        ("::ffff:127.0.0.1", False, True),
        ("100.64.0.1", False, True),
        ("169.254.169.254", False, False),
        # What IPv6 addresses stand for, and a network's own translation.
        ("64:ff9b::a9fe:a9fe", False, False),
        ("64:ff9b::a00:1", False, True),
        ("64:ff9b::5db8:d822", True, True),
        ("64:ff9b:1::a9fe:a9fe", False, False),
        ("2002:a9fe:a9fe::1", False, False),
        ("2002:7f00:1::", False, True),
        ("::7f00:1", False, True),
        ("::a9fe:a9fe", False, False),
        ("fec0::1", False, True),
        ("fe80::1%eth0", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("0.0.0.0", False, False),
        ("224.0.0.1", False, False),
        ("nonsense", False, False),
    ],
)
def test_addresses_that_a_host_may_have(address: str, public: bool, private: bool) -> None:
    assert POLICY.allows(POLICY.check("https://hub.example/a"), address) is public
    assert POLICY.allows(POLICY.check("http://nas.lab/a"), address) is private


def test_a_host_is_listed_however_it_is_written() -> None:
    policy = UrlPolicy(hosts=("münchen.example", "*.xn--bcher-kva.example"), private_hosts=())
    assert policy.check("https://xn--mnchen-3ya.example/ä").host == "xn--mnchen-3ya.example"
    assert policy.check("https://MÜNCHEN.example:444/").port == 444
    assert policy.check("https://a.bücher.example/").host == "a.xn--bcher-kva.example"


@pytest.mark.parametrize(
    "url",
    [
        *("https://hub.example/a\nb", "https://hub.example/a b", "https://hub.example\\@x/"),
        *("https://hub.example/\u200b", "https://ä..example/", f"https://{'ä' * 70}.example/"),
    ],
)
def test_a_url_that_no_server_understands_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="invalid URL"):
        ascii_url(url)
