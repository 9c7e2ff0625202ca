"""Checks of the table `llamacpp`: addresses, and words that benchrace sets itself."""

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

# What would open a program to others, or make it another one than what the record says.
_OF_SERVER = {
    "--host": "llama-server listens on 127.0.0.1 alone",
    "--port": "set `port` instead",
    "--api-key": "llama-server is asked without a key",
    "--api-key-file": "llama-server is asked without a key",
    "-m": "each lane names its model",
    "--model": "each lane names its model",
    "--rpc": "each lane names its workers",
}
_OF_WORKER = {
    "-H": "set `rpc_host` instead",
    "--host": "set `rpc_host` instead",
    "-p": "set `rpc_port` instead",
    "--port": "set `rpc_port` instead",
}
_EXAMPLE = "(e.g. 10.0.0.2)"


def check_host(host: str) -> None:
    """Raise ValueError unless a worker may listen there: on one IPv4 address, or on a name's.

    A worker has no authentication, so it never listens on all addresses.
    """
    if not host.strip() or ":" in host:
        raise ValueError(
            f"rpc_host: invalid address {host!r:.100} {_EXAMPLE}; "
            "rpc-server takes IPv4 addresses and names"
        )
    if is_shared(host):
        raise ValueError(
            f"rpc_host: invalid address {host!r:.100}: name one address of this machine {_EXAMPLE}"
        )


def is_shared(host: str) -> bool:
    """Check whether an address is not that of one machine alone, in any notation of it."""
    try:
        # As the system reads it: "0" and "0x0" are 0.0.0.0 as well.
        address = ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return False
    return address.is_unspecified or address.is_multicast or address == _BROADCAST


_BROADCAST = ipaddress.IPv4Address("255.255.255.255")


def check_folders(folders: Iterable[str]) -> None:
    """Raise ValueError for a folder that is not absolute, or in the home of an unknown user."""
    for folder in folders:
        try:
            absolute = Path(folder).expanduser().is_absolute()
        except RuntimeError:
            raise ValueError(f"models: the home of {folder!r:.200} is unknown") from None
        if not absolute:
            raise ValueError(f"models: {folder!r:.200} is not an absolute path")


def check_arguments(arguments: Iterable[str]) -> None:
    """Raise ValueError for a word for llama-server that benchrace sets itself."""
    _refuse("arguments", arguments, _OF_SERVER)


def check_rpc_arguments(arguments: Iterable[str]) -> None:
    """Raise ValueError for a word for rpc-server that benchrace sets itself."""
    _refuse("rpc_arguments", arguments, _OF_WORKER)


def _refuse(key: str, arguments: Iterable[str], refused: Mapping[str, str]) -> None:
    for word in arguments:
        if (reason := refused.get(word.partition("=")[0])) is not None:
            raise ValueError(f"{key}: {word!r:.100} is not accepted: {reason}")
