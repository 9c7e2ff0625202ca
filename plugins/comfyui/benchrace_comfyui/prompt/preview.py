"""Previews that a server sends while it samples: binary frames with one of two headers."""

import struct
from typing import NamedTuple

import msgspec

from benchrace.plugin import parse_json
from benchrace_comfyui.values import mapping

_WORD = struct.Struct(">I")
_PLAIN, _DESCRIBED = 1, 4
_PLAIN_TYPES = {1: "image/jpeg", 2: "image/png"}
# What a client sends first to get previews that name their prompt.
WANTS_METADATA = '{"type": "feature_flags", "data": {"supports_preview_metadata": true}}'


class PreviewImage(NamedTuple):
    """An image of what is sampled, as the server sent it."""

    media_type: str
    data: bytes


def read_preview(frame: bytes, prompt_id: str) -> PreviewImage | None:
    """Return the preview in a frame; None for other frames, and for another prompt's preview.

    The older header names no prompt: its frames go to the client that has queued one.
    """
    try:
        (event,), (word,) = _WORD.unpack_from(frame, 0), _WORD.unpack_from(frame, 4)
    except struct.error:
        return None
    if event == _PLAIN:
        media_type = _PLAIN_TYPES.get(word)
        return None if media_type is None else PreviewImage(media_type, frame[8:])
    if event != _DESCRIBED or 8 + word > len(frame):
        return None
    try:
        described = mapping(parse_json(frame[8 : 8 + word]))
    except msgspec.MsgspecError:
        return None
    media_type = described.get("image_type")
    if described.get("prompt_id") != prompt_id or media_type not in _PLAIN_TYPES.values():
        return None
    return PreviewImage(str(media_type), frame[8 + word :])
