"""Download models from Hugging Face; they are in their place only once they are whole."""

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

from benchrace.plugin import BenchraceError, Category, Context, FieldError, InvalidInput

# A mirror, as Hugging Face's own tools have it.
ENDPOINT = "HF_ENDPOINT"
_SHOWN = 5
_PARTIAL = ".partial-"
# The file that makes a folder a model.
_WEIGHTS = "model.bin"
# The name of a file in the machine's store of assets.
_STORED = re.compile(r"[0-9a-f]{64}")


class Source(NamedTuple):
    """A repository, and the names of the files in it; those with `*` match several."""

    repository: str
    files: tuple[str, ...]


class _Stopped(Exception):
    """Raised inside the library to end a download."""


async def pull(source: Source, target: Path, context: Context, *, single: bool, name: str) -> None:
    """Download a folder, or the `single` file of a source, to `target`; report bytes.

    Cancelling stops it, and the next pull keeps the files that are whole. Raises `unreachable`,
    `missing_model` and `disk_full`, and `validation` where the folder has files of its owner.
    """
    partial = target.with_name(f"{_PARTIAL}{target.name}")
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True

    def call() -> None:
        if (target if single else target / _WEIGHTS).is_file():
            return
        links = [] if single else _links(target)
        partial.mkdir(parents=True, exist_ok=True)
        _download(source, partial, _Report(context), lambda: stopped or context.cancelled)
        shutil.rmtree(partial / ".cache", ignore_errors=True)
        for path in (one for one in partial.rglob("*") if one.is_file()):
            # Whole on the disk before it has its name.
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        if single:
            (partial / source.files[0]).replace(target)
            shutil.rmtree(partial, ignore_errors=True)
        else:
            for link in links:
                link.unlink(missing_ok=True)
            # It replaces an empty folder, and no other one.
            partial.replace(target)

    try:
        await context.run_blocking(call, on_cancel=stop)
    except _Stopped:
        raise BenchraceError(Category.CANCELLED, f"pulling {name} was stopped") from None


def _links(target: Path) -> list[Path]:
    """Return what a lane left in a folder that did not fetch all of it: links into the store.

    Raises InvalidInput where it has anything else, which is its owner's.
    """
    if not target.is_symlink() and not target.exists():
        return []
    if target.is_symlink() or not target.is_dir():
        others = [target]
    else:
        others = [path for path in target.iterdir() if not _is_stored(path)]
    if others:
        names = ", ".join(sorted(path.name for path in others)[:_SHOWN])
        message = (
            f"{target} has no {_WEIGHTS}, but files that are not from a download: {names:.300}"
        )
        raise InvalidInput(FieldError("model", message), "Move them elsewhere, then pull again.")
    return list(target.iterdir())


def _is_stored(path: Path) -> bool:
    return path.is_symlink() and bool(_STORED.fullmatch(path.readlink().name))


def unknown(name: str, names: Sequence[str]) -> InvalidInput:
    """Return the error of a name that no source has."""
    message = f"no model {name!r:.200} can be pulled; these can: {', '.join(names)}"
    return InvalidInput(FieldError("model", message), "Copy other models into the folder.")


class _Report:
    """Adds up the bytes of all files."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.total: int | None = None
        self.done = 0

    def add(self, size: float) -> None:
        self.done += int(size)
        self._context.progress(self.done, self.total, "B")


def _download(source: Source, folder: Path, report: _Report, stopped: Callable[[], bool]) -> None:
    # Imported here alone: it takes a second.
    import httpx2
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    endpoint = os.environ.get(ENDPOINT)
    bar = _bar(report, stopped)
    try:
        # Without the token of whoever is logged in: these models are public, a mirror is anyone's.
        api = HfApi(endpoint=endpoint, token=False)
        info = api.model_info(source.repository, files_metadata=True)
        files = [one for one in info.siblings or () if _wanted(one.rfilename, source.files)]
        if not files:
            raise _missing(source, "it has no such files")
        sizes = [one.size for one in files]
        report.total = None if None in sizes else sum(size or 0 for size in sizes)
        _check_space(folder, report.total or 0)
        for file in files:
            before = report.done
            hf_hub_download(
                source.repository,
                file.rfilename,
                local_dir=folder,
                revision=info.sha,
                endpoint=endpoint,
                token=False,
                tqdm_class=bar,
            )
            _check_whole(folder / file.rfilename, file)
            # What was there already is not reported.
            report.add(max(0, (file.size or 0) - (report.done - before)))
    except (RepositoryNotFoundError, FileNotFoundError) as error:
        raise _missing(source, str(error).splitlines()[0]) from error
    except (HfHubHTTPError, httpx2.HTTPError, ConnectionError) as error:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"cannot download {source.repository}: {error!s:.300}",
            f"Check the network, or name a mirror in {ENDPOINT}; then pull again.",
        ) from error
    except OSError as error:
        raise BenchraceError(
            Category.DISK_FULL if error.errno == errno.ENOSPC else Category.SYSTEM,
            f"cannot write to {folder.parent}: {error.strerror or error}",
            "Free space or correct its permissions; then pull again.",
        ) from error


def _check_space(folder: Path, size: int) -> None:
    there = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if shutil.disk_usage(folder).free < size - there:
        text = f"{folder.parent} has less than the {size / 1e6:.0f} MB that the model needs"
        raise BenchraceError(Category.DISK_FULL, text, "Free space; then pull again.")


def _check_whole(path: Path, stated: Any) -> None:
    """Compare a file with what its repository states; one that differs is deleted."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest() if stated.lfs else None
    same_size = stated.size in (None, path.stat().st_size)
    if same_size and (stated.lfs is None or digest == stated.lfs.sha256):
        return
    path.unlink()
    text = f"{path.name} is not what its repository states: it was damaged on the way"
    raise BenchraceError(Category.BROKEN_FILE, text, "Pull again.")


def _bar(report: _Report, stopped: Callable[[], bool]) -> Any:
    """Return what the library takes for a progress bar of one file; nothing is drawn."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})
            report.add(options.get("initial") or 0)

        def update(self, n: float | None = 1) -> bool | None:
            if stopped():
                raise _Stopped
            report.add(n or 0)
            return None

    return Bar


def _wanted(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _missing(source: Source, reason: str) -> BenchraceError:
    text = f"cannot find the model in {source.repository}: {reason:.300}"
    return BenchraceError(Category.MISSING_MODEL, text)
