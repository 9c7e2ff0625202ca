"""A recording of another machine: a folder that `Root` reads in place of this machine's own.

`machine.json` holds the platform, the commands' outputs (as file names) and NVML's answers;
`root/` holds the files, by their paths.
"""

from pathlib import Path

import msgspec

from benchrace.telemetry.nvml import NumberQuestion, NvmlCode, NvmlFault, TextQuestion
from benchrace.telemetry.root import Platform, Root


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer that was a fault."""

    error: NvmlCode


class RecordedNvml(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What NVML answered; `gpus` by number, then by question."""

    driver: str | Refusal = Refusal(NvmlCode.LIBRARY_NOT_FOUND)
    open_error: NvmlCode | None = None
    gpus: tuple[dict[TextQuestion | NumberQuestion, int | str | Refusal], ...] = ()


class RecordedMachine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    platform: Platform
    commands: dict[str, str] = {}
    nvml: RecordedNvml = RecordedNvml(open_error=NvmlCode.LIBRARY_NOT_FOUND)


class PlayedNvml:
    """Answers as recorded; `failing`, or `gpu_failing` by number, makes questions fail since."""

    def __init__(self, recorded: RecordedNvml) -> None:
        self._recorded = recorded
        self.failing: NvmlCode | None = None
        self.gpu_failing: dict[int, NvmlCode] = {}
        self.opened = 0
        self._is_open = False

    def open(self) -> None:
        self.opened += 1
        self._raise(self._recorded.open_error)
        self._raise(self.failing)
        self._is_open = True

    def close(self) -> None:
        self._is_open = False

    def driver(self) -> str:
        return str(self._played(self._recorded.driver))

    def count(self) -> int:
        self._raise(None if self._is_open else NvmlCode.UNINITIALIZED)
        return len(self._recorded.gpus)

    def text(self, index: int, question: TextQuestion) -> str:
        return str(self._played(self._answer(index, question)))

    def number(self, index: int, question: NumberQuestion) -> int:
        return int(self._played(self._answer(index, question)))

    def _answer(
        self, index: int, question: TextQuestion | NumberQuestion
    ) -> int | str | Refusal | None:
        self._raise(self.gpu_failing.get(index))
        if index >= len(self._recorded.gpus):
            raise NvmlFault(NvmlCode.NOT_FOUND)
        return self._recorded.gpus[index].get(question)

    def _played(self, answer: int | str | Refusal | None) -> int | str:
        self._raise(None if self._is_open else NvmlCode.UNINITIALIZED)
        self._raise(self.failing)
        if answer is None:
            raise NvmlFault(NvmlCode.NOT_SUPPORTED)
        if isinstance(answer, Refusal):
            raise NvmlFault(answer.error)
        return answer

    def _raise(self, code: NvmlCode | None) -> None:
        if code is not None:
            raise NvmlFault(code)


def open_recorded(folder: Path) -> Root:
    """Open the recording in `folder`. Raises msgspec.ValidationError, naming the bad field."""
    machine = msgspec.json.decode((folder / "machine.json").read_bytes(), type=RecordedMachine)

    def run(argv: tuple[str, ...]) -> str | None:
        name = machine.commands.get(" ".join(argv))
        return None if name is None else (folder / name).read_text(encoding="utf-8")

    return Root(folder / "root", machine.platform, run, PlayedNvml(machine.nvml))
