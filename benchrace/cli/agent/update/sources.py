"""Where a new version comes from, as the words for the installer; wheels are checked first."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchrace.api.paths import WHEELS
from benchrace.api.wheels import WheelEntry, WheelList
from benchrace.cli.agent.update.distributions import MAIN, RELEASED, normalized
from benchrace.cli.agent.update.installer import OFFLINE
from benchrace.cli.connect.client import Client
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.store import atomic

_SUFFIX = ".whl"


def from_files(paths: Sequence[Path], digests: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Copy wheel files into `folder`; return the words that install the copies. Blocks.

    Raises InvalidInput for a file that is not a wheel, or not one of `digests` where there are any.
    """
    copies: list[str] = []
    for path in paths:
        if path.suffix != _SUFFIX or not path.is_file():
            message = "is not a wheel (.whl)" if path.exists() else "does not exist"
            raise InvalidInput(FieldError(str(path), message))
        try:
            # Read once: what is checked is what is installed.
            data = path.read_bytes()
        except OSError as error:
            raise atomic.failure(path, error) from error
        digest = hashlib.sha256(data).hexdigest()
        if digests and digest not in {text.strip().lower() for text in digests}:
            raise InvalidInput(
                FieldError("--sha256", f"the SHA-256 of {path} is {digest}: it was not expected"),
                "Download the wheel again, or correct the checksum.",
            )
        copy = folder / path.name
        if str(copy) in copies:
            raise InvalidInput(FieldError(str(path), f"{path.name} is given twice"))
        atomic.write(copy, data)
        copies.append(str(copy))
    return (OFFLINE, *copies)


def from_index(
    installed: Iterable[str], also: Iterable[str], version: str | None, index_url: str | None
) -> tuple[str, ...]:
    """Return the words that install from a package index, by default the installer's own.

    Of what is installed, only this project's own distributions are looked up, and those that the
    person names in `also`: on a public index, the name of another plugin can be anybody's. The
    installer compares what it downloads with the checksums of the index.
    """
    names = sorted({MAIN, *(RELEASED & set(installed)), *map(normalized, also)})
    requirements = [f"{name}=={version}" if version and name == MAIN else name for name in names]
    index = ("--index-url", index_url) if index_url else ()
    return ("--upgrade", *index, *requirements)


def from_central(client: Client, names: Iterable[str], folder: Path) -> tuple[str, ...]:
    """Download central's wheels into `folder`; return the words that install those of `names`.

    The others may be what the new version depends on. The installer chooses by version and
    platform, and sees no wheels but these, which were all compared with central's list. Raises
    `missing_asset` where central has no wheel of benchrace, and `bad_output` for one that is not
    what the list says. Blocks.
    """
    entries = client.convert(client.get(WHEELS), WheelList).wheels
    present = sorted({_distribution(entry) for entry in entries} & set(names))
    if MAIN not in present:
        raise BenchraceError(
            Category.MISSING_ASSET,
            f"{client.url} has no wheel of {MAIN}",
            "Copy the wheels of the new version to `wheels/` in central's data folder.",
        )
    for entry in entries:
        data = client.data(f"{WHEELS}/{entry.name}")
        digest = hashlib.sha256(data).hexdigest()
        if digest != entry.sha256 or Path(entry.name).name != entry.name:
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"the wheel {entry.name} was damaged on its way from {client.url}",
                "Try again.",
            )
        atomic.write(folder / entry.name, data)
    return (OFFLINE, "--upgrade", "--find-links", str(folder), *present)


def _distribution(entry: WheelEntry) -> str:
    return normalized(entry.name.partition("-")[0])
