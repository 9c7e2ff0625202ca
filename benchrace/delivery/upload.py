"""One upload to an S3-compatible store, and what its answer means."""

import hashlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import msgspec

from benchrace.assets.sources import s3
from benchrace.config.assets.sources import S3Config
from benchrace.delivery.outbox import Delivery, DeliveryState
from benchrace.delivery.output import Output, UploadedFile, decode
from benchrace.delivery.post import Outcome
from benchrace.errors import BenchraceError, FieldError, InvalidInput
from benchrace.store import regular

_FIELD = "output"
_READ = 1 << 20


class Uploader:
    """Uploads files to the buckets that this machine's configuration allows."""

    def __init__(self, config: S3Config | None, environ: Mapping[str, str] = os.environ) -> None:
        self._config = config
        self._environ = environ

    def check(self, output: Output) -> None:
        """Raise InvalidInput where nothing can be uploaded there; sends no request. Blocks."""
        self._check_bucket(output.bucket)
        s3.parse_object(output.url("job", "name"), _FIELD)
        try:
            self._store(output.bucket)
        except InvalidInput:
            raise
        except BenchraceError as error:
            # The package is missing.
            raise InvalidInput(FieldError(_FIELD, error.message), error.remedy) from error

    async def post(self, delivery: Delivery) -> Outcome:
        """Upload a file once; raises BenchraceError for what a person can correct meanwhile."""
        try:
            file, (bucket, key) = decode(delivery.body), s3.parse_object(delivery.url, _FIELD)
            self._check_bucket(bucket)
        except (msgspec.DecodeError, InvalidInput) as error:
            return Outcome(DeliveryState.REFUSED, reason=str(error))
        if (fault := await _checked(file)) is not None:
            # It would be the same the next time.
            return Outcome(DeliveryState.REFUSED, reason=fault)
        store = await anyio.to_thread.run_sync(self._store, bucket)
        return await _put(store, key, file)

    def _check_bucket(self, bucket: str) -> None:
        config = self._config
        if config is None:
            raise InvalidInput(
                FieldError(_FIELD, "this machine has no S3-compatible store"),
                "Add `assets.s3` to agent.yaml, or leave `output` out: the files are in the job's "
                "archive, GET /jobs/{id}/archive.",
            )
        if bucket not in config.output_buckets:
            raise InvalidInput(
                FieldError(_FIELD, f"this machine uploads nothing to the bucket {bucket[:63]!r}"),
                "Add it to `assets.s3.output_buckets` in agent.yaml.",
            )

    def _store(self, bucket: str) -> Any:
        if self._config is None:
            raise RuntimeError("a store is opened before it is checked")
        return s3.buckets(self._config, self._environ, uploads=True)(bucket)


async def _put(store: Any, key: str, file: UploadedFile) -> Outcome:
    import obstore
    from obstore import exceptions as failures

    try:
        await obstore.put_async(
            store,
            key,
            Path(file.path),
            attributes={"Content-Type": file.media_type},
            # On a slow line, parts that share it would all take too long.
            max_concurrency=1,
        )
        size = (await obstore.head_async(store, key))["size"]
    except (
        FileNotFoundError,
        failures.PermissionDeniedError,
        failures.UnauthenticatedError,
    ) as error:
        # As a receiver of callbacks that answers 403 or 404.
        reason = f"the store refuses it: {s3.words(error)}"
        return Outcome(DeliveryState.REFUSED, reason=reason)
    except ValueError as error:
        # A key or a type that no store takes: it would be the same the next time.
        reason = f"the request cannot be made: {s3.words(error)}"
        return Outcome(DeliveryState.REFUSED, reason=reason)
    except (failures.BaseError, OSError) as error:
        return Outcome(DeliveryState.PENDING, reason=s3.words(error))
    if size != file.size:
        reason = f"the store has {size} of {file.size} bytes"
        return Outcome(DeliveryState.PENDING, reason=reason)
    return Outcome(DeliveryState.DELIVERED)


async def _checked(file: UploadedFile) -> str | None:
    """Return why a file is not what was to be uploaded; ends at once when it is cancelled."""
    stop = threading.Event()
    try:
        return await anyio.to_thread.run_sync(_fault, file, stop, abandon_on_cancel=True)
    finally:
        stop.set()


def _fault(file: UploadedFile, stop: threading.Event) -> str | None:
    """Return why a file is not what was to be uploaded. Blocks; stops early once `stop` is set."""
    try:
        with os.fdopen(regular.open_regular(Path(file.path)), "rb") as opened:
            digest = _digest(opened, stop)
    except OSError as error:
        return f"{file.name} cannot be read: {error.strerror or error}"
    return None if digest == file.sha256 else f"{file.name} has changed: its SHA-256 is {digest}"


def _digest(opened: BinaryIO, stop: threading.Event) -> str:
    hashing = hashlib.sha256()
    while not stop.is_set() and (data := opened.read(_READ)):
        hashing.update(data)
    return hashing.hexdigest()
