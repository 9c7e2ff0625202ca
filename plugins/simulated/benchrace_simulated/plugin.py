"""Register the backends of simulated machines."""

from typing import TYPE_CHECKING

from benchrace.plugin import hookimpl

if TYPE_CHECKING:
    from benchrace.plugin import Backend


@hookimpl
def benchrace_backends() -> "list[type[Backend]]":
    """Return one backend for text and one for processors."""
    from benchrace_simulated.processor import SimulatedProcessor
    from benchrace_simulated.text import SimulatedText

    return [SimulatedText, SimulatedProcessor]
