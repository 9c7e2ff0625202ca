"""Assets on this machine: fetched once, whoever asks, and put into the folders of engines."""

import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import anyio
import msgspec
from anyio import from_thread

from benchrace.assets import mounts, placing, pruning
from benchrace.assets.download import PAUSE_S, Download, Expected, Hooks, blocking
from benchrace.assets.locking import held
from benchrace.assets.partial import Partial
from benchrace.assets.placing import How
from benchrace.assets.sources.source import Source
from benchrace.assets.store import AssetStore, Place, StoredAsset, used_now
from benchrace.config.assets.file_name import check_name
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.formatting.quantities import memory_size
from benchrace.ids import is_sha256
from benchrace.plugin.assets import Asset, PlacedAsset

IsListed = Callable[[str], Awaitable[bool | None]]


class Report(NamedTuple):
    """Where progress and lines for people go."""

    progress: Callable[[float, float | None, str], object]
    log: Callable[[str], object]


class Library:
    """Implements `benchrace.plugin.Assets`. `source` opens what an asset's URL names.

    `may_read` raises for what `read` may not return. Without `limit_bytes`, no file goes for
    another one as long as the disk has room.
    """

    def __init__(
        self,
        store: AssetStore,
        source: Callable[[str], Source],
        report: Report,
        limit_bytes: int | None = None,
        pause_s: float = PAUSE_S,
        may_read: Callable[[str], object] = lambda url: None,
    ) -> None:
        self._may_read = may_read
        self._pause_s = pause_s
        self._store = store
        self._source = source
        self._report = report
        self._limit_bytes = limit_bytes
        # None of them goes to have room for another of the same request.
        self._requested: frozenset[str] = frozenset()
        self._is_prepared = False

    async def place(self, asset: Asset, folder: Path, is_listed: IsListed) -> PlacedAsset:
        """Fetch a file if the machine lacks it, and put it into `folder`; see `Assets`."""
        check_name(asset.name)
        await blocking(placing.check_folder, folder)
        async with self._held(asset) as stored:
            return await self._place(stored, asset.name, folder, is_listed)

    def check(self, asset: Asset) -> None:
        """Raise what forbids this machine to fetch a file; see `Assets`."""
        check_name(asset.name)
        _digest(asset)
        self._source(asset.url)

    async def read(self, asset: Asset, max_bytes: int) -> bytes:
        """Return the content of a small file; see `Assets`."""
        self._may_read(asset.url)
        async with self._held(asset, max_bytes) as stored:
            _check_limit(asset, stored.size, max_bytes)
            return await anyio.Path(self._store.blob(stored.sha256)).read_bytes()

    @asynccontextmanager
    async def _held(self, asset: Asset, max_bytes: int | None = None) -> AsyncIterator[StoredAsset]:
        """Yield a file that is here, and that nobody removes meanwhile."""
        while True:
            sha256 = (await self.fetch(asset, max_bytes)).sha256
            async with held(self._store.lock(sha256)):
                # Another process may have removed it meanwhile, to have room.
                stored = await blocking(self._store.find, sha256)
                if stored is not None:
                    yield stored
                    return

    async def fetch(self, asset: Asset, max_bytes: int | None = None) -> StoredAsset:
        """Return a file that is here, whole; download it where it is not. Raises BenchraceError.

        One that is larger than `max_bytes` is refused before it is downloaded, or when more has
        come than that, where its host does not send the size.
        """
        check_name(asset.name)
        digest = _digest(asset)
        source = self._source(asset.url)
        await blocking(self._prepare)
        identity = hashlib.sha256(source.identity.encode()).hexdigest()
        expected = digest or await blocking(self._store.learned, identity)
        key = expected or identity
        waiting = partial(self._report.log, f"{asset.name}: waiting for another download of it")
        async with held(self._store.lock(key), waiting):
            # Who held the lock may have fetched it meanwhile.
            expected = digest or await blocking(self._store.learned, identity)
            stored = None if expected is None else await blocking(self._store.find, expected)
            if stored is None:
                download = Download(
                    source,
                    Expected(expected, asset.size),
                    self._hooks(asset, max_bytes),
                    pause_s=self._pause_s,
                )
                self._report.log(f"fetching {asset.name} from {source.label}")
                stored = await self._download(asset, source.label, download, key)
            else:
                _check_size(asset, stored.size)
                self._report.progress(stored.size, stored.size, "B")
                stored = await blocking(self._store.add, _record(asset, source.label, stored))
            # Only once it is recorded: what is learned decides which lock the next one waits for.
            await blocking(self._store.learn, identity, stored.sha256)
        self._requested |= {stored.sha256}
        if self._limit_bytes is not None:
            removed = await blocking(
                pruning.prune_to, self._store, self._limit_bytes, self._requested
            )
            for old in removed:
                self._report.log(f"{old.name}: removed to stay within the limit")
        return stored

    def _hooks(self, asset: Asset, max_bytes: int | None) -> Hooks:
        def check_total(size: int) -> None:
            if max_bytes is not None:
                _check_limit(asset, size, max_bytes)

        return Hooks(
            progress=lambda done, total: self._report.progress(done, total, "B"),
            log=self._report.log,
            make_room=lambda needed: pruning.make_room(self._store, needed, self._requested),
            check_total=check_total,
        )

    async def _download(
        self, asset: Asset, label: str, download: Download, key: str
    ) -> StoredAsset:
        """Download and record a file, whose lock `key` is held."""
        coming = Partial(self._store.partials, key)
        async with download.received(coming) as (digest, size), AsyncExitStack() as stack:
            if digest != key:
                await stack.enter_async_context(held(self._store.lock(digest)))
            if await blocking(self._store.find, digest) is None:
                await blocking(coming.finish, self._store.blob(digest))
            else:
                # It is here already, from another address.
                await blocking(coming.discard)
            now = time.time()
            stored = StoredAsset(
                sha256=digest,
                size=size,
                name=asset.name,
                kind=asset.kind,
                source=label,
                added_at=now,
                used_at=now,
            )
            return await blocking(self._store.add, _record(asset, label, stored))

    async def _place(
        self, stored: StoredAsset, name: str, folder: Path, is_listed: IsListed
    ) -> PlacedAsset:
        """Try each way until the engine lists the file."""
        blob = self._store.blob(stored.sha256)
        target = await blocking(placing.target, folder, stored, blob, name)
        path, ways = target.path, list(How)
        if target.present:
            if target.how is not None:
                await self._note(stored, await blocking(placing.place_of, path, target.how))
            listed = await is_listed(path.name)
            if listed is not False:
                return _placed(path, stored, "already there", listed=listed)
            ways = [] if target.how is None else ways[ways.index(target.how) + 1 :]
            if not ways:
                raise _unlisted(path)
            # It was put there while the engine could not be asked.
            await self._take_back(path, str(target.how))
        for how in ways:
            place = await blocking(placing.put, blob, path, how, self._copied)
            if place is None:
                continue
            # Recorded first: a stop while the engine is asked must not leave it behind for good.
            await self._note(stored, place)
            listed = await is_listed(path.name)
            if listed is not False:
                return _placed(path, stored, how, listed=listed)
            await self._take_back(path, how)
        raise _unlisted(path)

    async def _note(self, stored: StoredAsset, place: Place) -> None:
        changed = await blocking(self._store.change, stored.sha256, partial(_with_place, place))
        if changed is None:
            # What nobody recorded would never be removed again.
            await anyio.Path(place.path).unlink(missing_ok=True)
            message = f"{stored.name} was deleted from the store meanwhile"
            raise BenchraceError(Category.MISSING_ASSET, message, "Fetch it again.")

    async def _take_back(self, path: Path, how: str) -> None:
        self._report.log(f"{path.name}: the engine does not list it as a {how}")
        await anyio.Path(path).unlink(missing_ok=True)

    def _copied(self, done: int, total: int) -> None:
        from_thread.run_sync(self._report.progress, done, total, "B")

    def _prepare(self) -> None:
        if self._is_prepared:
            return
        self._store.prepare()
        if kind := mounts.network_type(self._store.root):
            raise InvalidInput(
                FieldError(
                    "models_dir", f"{self._store.root} is on a network file system ({kind})"
                ),
                "A race would read the model over the network: set `models_dir` to a local disk.",
            )
        self._store.sweep()
        self._is_prepared = True


def _record(asset: Asset, source: str, stored: StoredAsset) -> StoredAsset:
    return used_now(
        msgspec.structs.replace(
            stored,
            name=asset.name,
            kind=asset.kind,
            source=source,
            pinned=asset.pinned,
            ephemeral=asset.ephemeral,
        )
    )


def _with_place(place: Place, asset: StoredAsset) -> StoredAsset:
    others = tuple(other for other in asset.places if other.path != place.path)
    return used_now(msgspec.structs.replace(asset, places=(*others, place)))


def _placed(path: Path, stored: StoredAsset, how: str, *, listed: bool | None) -> PlacedAsset:
    return PlacedAsset(
        name=path.name, sha256=stored.sha256, size=stored.size, how=how, listed=listed
    )


def _unlisted(path: Path) -> BenchraceError:
    return BenchraceError(
        Category.MISSING_ASSET,
        f"the engine does not list {path.name}, though it is in {path.parent}",
        "Correct the engine's folder in agent.yaml, or restart the engine.",
    )


def _digest(asset: Asset) -> str | None:
    if asset.sha256 is None:
        return None
    digest = asset.sha256.strip().lower()
    if not is_sha256(digest):
        raise InvalidInput(FieldError("sha256", "expected 64 hexadecimal digits"))
    return digest


def _check_limit(asset: Asset, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise InvalidInput(
            FieldError("url", f"{asset.name} has more than {memory_size(max_bytes)}"),
            "Use a smaller file.",
        )


def _check_size(asset: Asset, size: int) -> None:
    if asset.size not in (None, size):
        raise InvalidInput(FieldError("size", f"{asset.name} has {size} bytes, not {asset.size}"))
