"""HTTP clients for servers that tests start: no proxy, and no certificates to read for each one."""

from typing import Any

import httpx


def client(url: str = "", **options: Any) -> httpx.Client:
    return httpx.Client(base_url=url, trust_env=False, verify=False, **options)


def async_client(url: str = "", **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, trust_env=False, verify=False, **options)
