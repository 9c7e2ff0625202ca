"""Signatures of requests, as https://www.standardwebhooks.com has them."""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"


def signed(secret: str, key: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver checks that a request is genuine and recent.

    HMAC-SHA256 of `<key>.<timestamp>.<body>`. A secret with the prefix `whsec_` is base64.
    """
    content = f"{key}.{timestamp_s}.".encode() + body
    digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
    return {
        "webhook-id": key,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key(secret: str) -> bytes:
    if secret.startswith(PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            # Not base64 after all: the text itself is the secret.
            return secret.encode()
    return secret.encode()
