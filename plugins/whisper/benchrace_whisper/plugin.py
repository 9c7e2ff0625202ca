"""Register the backends, which are imported only on request."""

from typing import TYPE_CHECKING

from benchrace.plugin import hookimpl

if TYPE_CHECKING:
    from benchrace.plugin import Backend


@hookimpl
def benchrace_backends() -> "list[type[Backend]]":
    """Return the backends of this distribution, whichever engines are installed."""
    from benchrace_whisper.cpp.backend import WhisperCpp
    from benchrace_whisper.faster.backend import FasterWhisper
    from benchrace_whisper.server.backend import TranscriptionServer

    return [FasterWhisper, WhisperCpp, TranscriptionServer]
