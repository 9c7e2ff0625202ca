"""Where a job's files are uploaded to: a bucket, and what their keys begin with."""

from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace import structs

SCHEME = "s3://"


class Output(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files of a job that is done go to `prefix/<job_id>/<name>` in `bucket`."""

    bucket: Annotated[str, Meta(min_length=1, max_length=63)]
    prefix: Annotated[str, Meta(max_length=500)] = ""

    def url(self, job_id: str, name: str) -> str:
        """Return the address of a file, `s3://bucket/key`."""
        parts = (self.bucket, *self.prefix.split("/"), job_id, name)
        return SCHEME + "/".join(part for part in parts if part)


class UploadedFile(msgspec.Struct, frozen=True, kw_only=True):
    """What an upload in the outbox says: the file at `path`, an artifact called `name`."""

    path: str
    name: str
    sha256: str
    size: int
    media_type: str


def encode(file: UploadedFile) -> bytes:
    """Encode the body of an upload in the outbox."""
    return msgspec.json.encode(file)


def decode(body: bytes) -> UploadedFile:
    """Decode the body of an upload in the outbox; raises `msgspec.DecodeError`."""
    return structs.decode(body, UploadedFile)
