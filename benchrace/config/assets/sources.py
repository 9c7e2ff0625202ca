"""The table `assets` of `agent.yaml`: from where this machine fetches files for its engines."""

from typing import Annotated

import msgspec
from msgspec import Meta

# The hosts of the best-known hub of models, and of its content network.
HOSTS = ("huggingface.co", "*.huggingface.co", "*.hf.co")
Hosts = Annotated[tuple[str, ...], Meta(max_length=100)]


class S3Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An S3-compatible store. Without `endpoint`, it is Amazon's, in `region`.

    `credentials_file` holds `access_key_id` and `secret_access_key`, and only its owner may read
    it; without it, the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY count. Jobs may have
    their files uploaded to `output_buckets`, and lanes may read workflows and images from
    `input_buckets`; what the machine's owner syncs or fetches comes from any bucket.
    """

    endpoint: str | None = None
    region: str = "us-east-1"
    credentials_file: str | None = None
    output_buckets: Annotated[tuple[str, ...], Meta(max_length=100)] = ()
    input_buckets: Annotated[tuple[str, ...], Meta(max_length=100)] = ()


class AssetsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hosts are names, `*.example.org` for what is below one.

    `hosts` are reached over HTTPS and at public addresses only; `private_hosts` (a name, or
    `name:port`) over HTTP as well, and at addresses of this machine and its local network.
    `token_env` names the variable that holds a host's access token. After a sync or a fetch, files
    are deleted, the least recently requested first, while all of them take more than `limit_gb`.
    """

    hosts: Hosts = HOSTS
    private_hosts: Hosts = ()
    token_env: dict[str, str] = {}
    limit_gb: Annotated[float, Meta(gt=0)] | None = None
    s3: S3Config | None = None
