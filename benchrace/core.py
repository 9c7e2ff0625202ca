"""Access to the Rust core: the stream reader and the clock of its stamps."""

from benchrace_core import Connection, Splitter, StreamFault, monotonic_ns

__all__ = ["Connection", "Splitter", "StreamFault", "monotonic_ns"]
