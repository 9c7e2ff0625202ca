"""Signatures: a receiver computes the same from what it gets."""

import base64
import hashlib
import hmac

import pytest

from benchrace.delivery.signature import signed


def test_the_published_example() -> None:
    # From the specification of Standard Webhooks, section "Signature scheme".
    headers = signed(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("secret", ["plain text", "whsec_not base64"])
def test_any_text_is_a_secret(secret: str) -> None:
    digest = hmac.new(secret.encode(), b"k.7.{}", hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(digest).decode()}"
    assert signed(secret, "k", 7, b"{}")["webhook-signature"] == expected
