"""The machine's library of assets, as workers open it."""

import os
import ssl
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from benchrace.api.paths import ASSETS
from benchrace.assets.library import Library, Report
from benchrace.assets.sources.source import Source
from benchrace.assets.store import AssetStore
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.ids import is_sha256
from benchrace.protocol.assets import AssetSetup, CentralAccess
from benchrace.redaction import SECRETS, has_secret_query
from benchrace.tls.trust import Trust

_CENTRAL = "central:"
_S3 = "s3://"


def library(setup: AssetSetup | None, report: Report, *, prunes: bool = False) -> Library:
    """Return the library of this machine; raises BenchraceError where the agent named none.

    With `prunes`, files are removed above the machine's limit: not for what a lane fetches.
    """
    if setup is None:
        raise BenchraceError(
            Category.SYSTEM, "this worker has no store of assets", "Update the agent."
        )
    limit_gb = setup.config.limit_gb if prunes else None
    return Library(
        AssetStore(Path(setup.store)),
        partial(source_of, setup=setup, environ=os.environ),
        report,
        None if limit_gb is None else int(limit_gb * 1e9),
        may_read=partial(check_readable, setup=setup),
    )


def source_of(url: str, setup: AssetSetup, environ: Mapping[str, str]) -> Source:
    """Return what a URL names; raises InvalidInput. Each kind is imported when it is used."""
    if url.startswith(_CENTRAL):
        return _from_central(url.removeprefix(_CENTRAL), setup.central)
    if url.startswith("share:"):
        from benchrace.assets.sources.share import ShareSource

        return ShareSource(url, setup.share)
    if url.startswith(_S3):
        return _from_s3(url, setup, environ)
    from benchrace.assets.sources.http import HttpSource
    from benchrace.assets.sources.url_policy import UrlPolicy

    config = setup.config
    policy = UrlPolicy(hosts=config.hosts, private_hosts=config.private_hosts)
    # Before anything else is done: an address off the list costs nothing.
    policy.check(url)
    return HttpSource(
        url, Trust().context, policy=policy, tokens=_tokens(config.token_env, environ)
    )


def check_readable(url: str, setup: AssetSetup) -> None:
    """Raise InvalidInput for an address that lanes may not read.

    Not of a bucket off the list, whatever the keys may read; not with a key in it, since the
    addresses that a lane names are published with its run.
    """
    if has_secret_query(url):
        raise InvalidInput(
            FieldError(
                "url",
                f"the query of {url.partition('?')[0][:200]} has a key or a signature, "
                "which would be published with the run",
            ),
            "Leave it out, and name the variable with the host's token in `assets.token_env` in "
            "agent.yaml.",
        )
    if not url.startswith(_S3) or setup.config.s3 is None:
        return
    from benchrace.assets.sources.s3 import parse_object

    bucket, _ = parse_object(url)
    if bucket not in setup.config.s3.input_buckets:
        raise InvalidInput(
            FieldError("url", f"lanes on this machine read nothing from the bucket {bucket!r}"),
            "Add it to `assets.s3.input_buckets` in agent.yaml.",
        )


def _from_s3(url: str, setup: AssetSetup, environ: Mapping[str, str]) -> Source:
    from benchrace.assets.sources.s3 import S3Source, buckets

    if setup.config.s3 is None:
        raise InvalidInput(
            FieldError("url", f"{url[:200]}: this machine has no S3-compatible store"),
            "Add `assets.s3` to agent.yaml.",
        )
    return S3Source(url, buckets(setup.config.s3, environ))


def _from_central(sha256: str, central: CentralAccess | None) -> Source:
    from benchrace.assets.sources.http import HttpSource

    if not is_sha256(sha256):
        raise InvalidInput(FieldError("url", "expected central: and a SHA-256"))
    if central is None:
        raise InvalidInput(
            FieldError("url", "this machine has no central"), "Join one: benchrace agent join."
        )
    tokens = {}
    if central.token is not None:
        SECRETS.add(central.token)
        tokens = {_host_of(central.url): central.token}
    return HttpSource(
        f"{central.url.rstrip('/')}{ASSETS}/{sha256}",
        partial(_central_context, central),
        tokens=tokens,
        label=f"{_CENTRAL}{sha256[:12]}",
    )


def _host_of(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname or ""


def _tokens(names: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    tokens = {host.lower(): environ.get(name, "").strip() for host, name in names.items()}
    for token in tokens.values():
        SECRETS.add(token)
    return {host: token for host, token in tokens.items() if token}


def _central_context(central: CentralAccess) -> ssl.SSLContext:
    def path(text: str | None) -> Path | None:
        return None if text is None else Path(text)

    trust = Trust(
        ca=path(central.ca),
        certificate=path(central.certificate),
        key=path(central.key),
        only=central.only,
        any_name=central.any_name,
    )
    return trust.context()
