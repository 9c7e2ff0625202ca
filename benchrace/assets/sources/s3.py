"""Files in an S3-compatible store, by obstore, which is installed only on request."""

import os
import re
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio

from benchrace.assets.sources.source import Body, cut, missing
from benchrace.config.assets.sources import S3Config
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.redaction import SECRETS

PREFIX = "s3://"
_CHUNK = 1 << 20
# The limit of a whole request cannot be switched off, and counts the time in which a file comes.
_TIMEOUTS = {
    "connect_timeout": timedelta(seconds=15),
    "read_timeout": timedelta(seconds=60),
    "timeout": timedelta(days=30),
}
# A store answers once it has all of a part: the time without an answer includes sending it.
_UPLOAD_TIMEOUTS = {**_TIMEOUTS, "read_timeout": timedelta(minutes=10)}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# A question mark or a hash would end the path of the address that is requested.
_KEY = re.compile(r"[^?#\\\x00-\x1f\x7f]+")
_KEYS = ("access_key_id", "secret_access_key")
_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# `store` by bucket. Tests pass stores in memory.
Stores = Callable[[str], Any]


class S3Source:
    """An object, `s3://bucket/key`; `stores` returns the store of a bucket."""

    def __init__(self, url: str, stores: Stores) -> None:
        self._bucket, self._key = parse_object(url)
        self._stores = stores
        self.label = self.identity = f"{PREFIX}{self._bucket}/{self._key}"

    @asynccontextmanager
    async def open(self, offset: int, validator: str | None) -> AsyncIterator[Body]:
        """Read from `offset` on, as `Source` says."""
        library = _obstore()
        store = await anyio.to_thread.run_sync(self._stores, self._bucket)
        failures = library.exceptions
        try:
            head = await library.head_async(store, self._key)
            tag = head.get("e_tag")
            start = offset if tag is not None and tag == validator and offset < head["size"] else 0
            options: dict[str, Any] = {"range": {"offset": start}} if start else {}
            if tag is not None:
                # What is read must be what was looked at.
                options["if_match"] = tag
            result = await library.get_async(store, self._key, options=options)
        except (failures.BaseError, OSError) as error:
            raise self._failure(error, failures) from error
        yield Body(
            start=start,
            total=head["size"],
            validator=tag,
            framed=True,
            chunks=self._chunks(result, failures),
        )

    async def _chunks(self, result: Any, failures: Any) -> AsyncIterator[bytes]:
        try:
            async for chunk in result.stream(min_chunk_size=_CHUNK):
                yield bytes(chunk)
        except (failures.BaseError, OSError) as error:
            raise cut(self.label, words(error)) from error

    def _failure(self, error: Exception, failures: Any) -> BenchraceError:
        if isinstance(error, failures.NotFoundError | FileNotFoundError):
            return missing(self.label, "the store has no such object")
        if isinstance(error, failures.PermissionDeniedError | failures.UnauthenticatedError):
            return missing(
                self.label,
                "the store refuses it",
                "Check its keys: AWS_ACCESS_KEY_ID, or the file.",
            )
        if isinstance(error, failures.PreconditionError):
            return cut(self.label, "the object is being replaced")
        return BenchraceError(
            Category.UNREACHABLE,
            f"{self.label}: {words(error)}",
            "Check `assets.s3` in agent.yaml, and that the store answers.",
        )


def parse_object(url: str, field: str = "url") -> tuple[str, str]:
    """Return bucket and key of `s3://bucket/key`; raises InvalidInput, with `field`."""
    bucket, _, key = url.removeprefix(PREFIX).partition("/")
    key = key.lstrip("/")
    if any(part in ("", ".", "..") for part in key.split("/")):
        message = f"invalid object {url[:200]!r}: a part of its key is empty, '.' or '..'"
        raise InvalidInput(FieldError(field, message), "Write the key in full: s3://bucket/key.")
    if _BUCKET.fullmatch(bucket) is None or _KEY.fullmatch(key) is None:
        message = f"invalid object {url[:200]!r}"
        raise InvalidInput(FieldError(field, message), "Use s3://bucket/key.")
    return bucket, key


def buckets(config: S3Config, environ: Mapping[str, str], *, uploads: bool = False) -> Stores:
    """Return what opens the buckets of a configured store. Its call blocks, and raises."""
    timeouts = _UPLOAD_TIMEOUTS if uploads else _TIMEOUTS

    def store(bucket: str) -> Any:
        _obstore()
        from obstore.store import S3Store

        access_key_id, secret_access_key = _credentials(config, environ)
        # Amazon's own has none: only there do buckets have host names of their own.
        where: dict[str, Any] = {} if config.endpoint is None else {"endpoint": config.endpoint}
        options: Any = {"allow_http": (config.endpoint or "").startswith("http://"), **timeouts}
        return S3Store(
            bucket,
            **where,
            region=config.region,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
            virtual_hosted_style_request=config.endpoint is None,
            client_options=options,
            # A read that fails is tried again by the download, with what has come so far.
            retry_config={"max_retries": 1},
        )

    return store


def _credentials(config: S3Config, environ: Mapping[str, str]) -> tuple[str, str]:
    """Read the keys, which are redacted from then on; raises InvalidInput."""
    if config.credentials_file is None:
        values = [environ.get(name, "").strip() for name in _VARIABLES]
        where = " and ".join(_VARIABLES)
    else:
        path = Path(config.credentials_file).expanduser()
        values, where = _from_file(path), str(path)
    if not all(values):
        raise InvalidInput(
            FieldError("assets.s3", f"the keys are missing: {where}"),
            "Set them for the agent, or name a file with mode 0600 in `credentials_file`.",
        )
    for value in values:
        SECRETS.add(value)
    return values[0], values[1]


def _from_file(path: Path) -> list[str]:
    """Read `access_key_id = "..."` and `secret_access_key = "..."` from a private file."""
    import tomllib  # Few agents have such a file.

    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise InvalidInput(
                    FieldError("assets.s3.credentials_file", f"others may read {path}"),
                    f"Run: chmod 600 {path}",
                )
            table = tomllib.loads(file.read(1 << 16).decode())
    except (OSError, ValueError) as error:
        # Never with the content of the file.
        reason = error.strerror if isinstance(error, OSError) else 'expected key = "value" lines'
        raise InvalidInput(
            FieldError("assets.s3.credentials_file", f"{path} cannot be read: {reason}")
        ) from None
    return [str(table.get(key, "")).strip() for key in _KEYS]


def _obstore() -> Any:
    try:
        import obstore
        import obstore.exceptions
    except ImportError as error:
        raise BenchraceError(
            Category.VALIDATION,
            "files of S3-compatible stores need the package obstore",
            "Install it with: pip install 'benchrace[s3]'",
        ) from error
    return obstore


def words(error: Exception) -> str:
    """Return the first line of what went wrong."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
