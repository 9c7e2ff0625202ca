"""Which URLs requests may go to, however they are written."""

from collections.abc import Sequence

import pytest

from benchrace.delivery.url_policy import UrlPolicy, UrlRefused

PUBLIC = "93.184.215.14"


def names(**addresses: str) -> object:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses.get(host.replace(".", "_"), host).split(",")

    return resolve


async def judged(policy: UrlPolicy, url: str) -> str | None:
    """Return why a URL is refused, None where it is not."""
    try:
        await policy.addresses(policy.target(url))
    except UrlRefused as error:
        return error.message
    return None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://hooks.example/a", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("//hooks.example/a", "a relative URL needs a base"),
        ("/callbacks/done", "a relative URL needs a base"),
        ("http://user:secret@hooks.example/", "must not contain a user"),
        ("http://hooks.example\\@127.0.0.1/", "percent-encoded"),
        ("http://hooks.example/a b", "percent-encoded"),
        ("http://hooks.example/\r\nX: y", "percent-encoded"),
        ("http://höks.example/", "percent-encoded"),
        ("http://", "has no host"),
        ("http://hooks.example:0/", "has no host"),
        ("http://hooks.example:99999/", "invalid URL"),
        ("http://[::1", "invalid URL"),
    ],
)
def test_what_is_no_plain_url_is_refused_by_its_text(url: str, why: str) -> None:
    with pytest.raises(UrlRefused, match=why):
        UrlPolicy().target(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "64:ff9b:1::7f00:1",
        "::7f00:1",
        "fec0::1",
        f"{PUBLIC},127.0.0.1",
    ],
)
async def test_a_name_must_lead_to_public_addresses_only(address: str) -> None:
    policy = UrlPolicy(resolve=names(hooks_example=address))  # type: ignore[arg-type]
    assert "address" in str(await judged(policy, "http://hooks.example/"))


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:7f00:1]"])
async def test_other_spellings_of_loopback_are_loopback(host: str) -> None:
    assert "is not a public address" in str(await judged(UrlPolicy(), f"http://{host}/"))


async def test_public_addresses_need_no_list() -> None:
    policy = UrlPolicy(resolve=names(hooks_example=PUBLIC))  # type: ignore[arg-type]
    target = policy.target("https://Hooks.example/done?x=1#part")
    assert target.url == "https://Hooks.example/done?x=1"
    assert target.destination == "https://hooks.example:443"
    assert await policy.addresses(target) == (PUBLIC,)


@pytest.mark.parametrize(
    ("allowed", "url", "why"),
    [
        (["hooks.example"], "http://hooks.example/", None),
        (["HOOKS.example:8080"], "http://hooks.example:8080/", None),
        (["hooks.example:8080"], "http://hooks.example/", "not one of the allowed hosts"),
        (["hooks.example"], "http://sub.hooks.example/", "not one of the allowed hosts"),
        (["hooks.example"], "http://public.example/", "not one of the allowed hosts"),
        (["10.0.0.0/8"], "http://private.example/", None),
        (["10.0.0.0/8"], "http://public.example/", "not one of the allowed hosts"),
        (["private.example"], "http://private.example/", None),
        (["10.1.2.3"], "http://10.1.2.3/", None),
        (["10.1.2.3:80"], "http://10.1.2.3/", None),
        (["[::1]:80"], "http://[::1]/", None),
        (["link.example"], "http://link.example/", "a link-local address"),
        (["169.254.169.254"], "http://link.example/", None),
    ],
)
async def test_the_list_decides(allowed: list[str], url: str, why: str | None) -> None:
    addresses = {
        "hooks_example": PUBLIC,
        "public_example": "1.1.1.1",
        "private_example": "10.1.2.3",
        "link_example": "169.254.169.254",
        "sub_hooks_example": PUBLIC,
    }
    reason = await judged(UrlPolicy(allowed, resolve=names(**addresses)), url)  # type: ignore[arg-type]
    assert reason is None if why is None else why in str(reason)


@pytest.mark.parametrize(
    ("base", "url", "then"),
    [
        ("https://front.example", "http://127.0.0.1:4000/a/b?c=d", "https://front.example/a/b?c=d"),
        ("https://front.example/", "http://other.example", "https://front.example/"),
        ("https://front.example/api", "/jobs/1", "https://front.example/api/jobs/1"),
        ("https://front.example:8443/api/", "jobs/1", "https://front.example:8443/api/jobs/1"),
        ("https://front.example/api", "http://h/jobs/1", "https://front.example/jobs/1"),
    ],
)
def test_a_base_replaces_scheme_and_host(base: str, url: str, then: str) -> None:
    policy = UrlPolicy(base=base)
    assert policy.target(url).url == then
    # What was stored is not changed by the second check.
    assert policy.target(then).url == then


async def test_the_base_is_allowed_wherever_it_is() -> None:
    policy = UrlPolicy(["other.example"], "http://127.0.0.1:4000")
    assert await judged(policy, "http://anything.example/done") is None
