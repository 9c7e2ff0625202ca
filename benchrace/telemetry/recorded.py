"""A recording of another machine, to be read in place of this one.

`machine.json` holds the platform, the commands' outputs (as file names) and NVML's answers.
`root.txt` holds the files, as `tail -n +1 FILES` prints them: a line `==> PATH <==`, the text,
an empty line.
"""

import re
from pathlib import Path

import msgspec

from benchrace import structs
from benchrace.telemetry.gpu.nvml import NumberQuestion, NvmlCode, NvmlFault, TextQuestion
from benchrace.telemetry.machine_root import Platform, Root


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer that was a fault."""

    error: NvmlCode


class RecordedNvml(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What NVML answered; `gpus` by number, then by question."""

    driver: str | Refusal = Refusal(NvmlCode.LIBRARY_NOT_FOUND)
    open_error: NvmlCode | None = None
    gpus: tuple[dict[str, int | str | Refusal], ...] = ()


class RecordedMachine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    platform: Platform
    commands: dict[str, str] = {}
    nvml: RecordedNvml = RecordedNvml(open_error=NvmlCode.LIBRARY_NOT_FOUND)


class PlayedNvml:
    """Answers as recorded; `failing`, or `gpu_failing` by number, makes questions fail since.

    `numbers` replaces what was recorded, by GPU and question.
    """

    def __init__(self, recorded: RecordedNvml) -> None:
        self._recorded = recorded
        self.failing: NvmlCode | None = None
        self.gpu_failing: dict[int, NvmlCode] = {}
        self.numbers: dict[tuple[int, NumberQuestion], int] = {}
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
        answer = self.numbers.get((index, question), self._answer(index, question))
        return int(self._played(answer))

    def _answer(
        self, index: int, question: TextQuestion | NumberQuestion
    ) -> int | str | Refusal | None:
        self._raise(self.gpu_failing.get(index))
        if index >= len(self._recorded.gpus):
            raise NvmlFault(NvmlCode.NOT_FOUND)
        return self._recorded.gpus[index].get(question.value)

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


def open_recorded(folder: Path, scratch: Path) -> Root:
    """Open the recording in `folder`, its files laid out below `scratch`.

    Raises msgspec.ValidationError, naming the bad field, or ValueError for a path that leaves
    `scratch`.
    """
    machine = structs.decode((folder / "machine.json").read_bytes(), RecordedMachine)
    _lay_out((folder / "root.txt").read_text(encoding="utf-8"), scratch)

    def run(argv: tuple[str, ...]) -> str | None:
        name = machine.commands.get(" ".join(argv))
        return None if name is None else (folder / name).read_text(encoding="utf-8")

    return Root(scratch, machine.platform, run, PlayedNvml(machine.nvml))


def _lay_out(text: str, scratch: Path) -> None:
    _, *parts = re.split(r"^==> (.+) <==\n", text, flags=re.MULTILINE)
    for path, content in zip(parts[::2], parts[1::2], strict=True):
        target = (scratch / path.lstrip("/")).resolve()
        if not target.is_relative_to(scratch.resolve()):
            raise ValueError(f"{path}: a recorded path must stay below its root")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content.removesuffix("\n"), encoding="utf-8")
