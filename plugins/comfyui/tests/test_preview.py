"""Binary frames: both headers that servers use, and frames with neither."""

import json
import struct

import pytest

from benchrace_comfyui.prompt.preview import PreviewImage, read_preview

JPEG = b"\xff\xd8\xff-small"


def described(**fields: object) -> bytes:
    text = json.dumps({"prompt_id": "p", "image_type": "image/jpeg", **fields}).encode()
    return struct.pack(">II", 4, len(text)) + text + JPEG


@pytest.mark.parametrize(
    ("frame", "media_type"),
    [
        (struct.pack(">II", 1, 1) + JPEG, "image/jpeg"),
        (struct.pack(">II", 1, 2) + JPEG, "image/png"),
        (described(), "image/jpeg"),
        (described(image_type="image/png", node_id="3"), "image/png"),
    ],
)
def test_both_headers_give_the_image_and_its_type(frame: bytes, media_type: str) -> None:
    assert read_preview(frame, "p") == PreviewImage(media_type, JPEG)


@pytest.mark.parametrize(
    "frame",
    [
        *(b"", b"\0\0\0\1", struct.pack(">II", 3, 1) + JPEG, struct.pack(">II", 1, 7) + JPEG),
        *(described(prompt_id="other"), described(image_type="image/svg+xml")),
        *(described()[:20], struct.pack(">II", 4, 3) + b"{1}" + JPEG),
        struct.pack(">II", 4, 0xFFFF_FFFF) + b"{}",
    ],
)
def test_everything_else_is_no_preview_of_this_prompt(frame: bytes) -> None:
    assert read_preview(frame, "p") is None
