"""Whose a client certificate is."""

from typing import Any

import pytest

from benchrace.errors import BenchraceError
from benchrace.tls.identity import LinkSecurity, check_machine, machines, security

CN: dict[str, Any] = {"subject": ((("organizationName", "o"),), (("commonName", "gpu1"),))}


def names(*uris: str) -> dict[str, Any]:
    return {**CN, "subjectAltName": tuple(("URI", uri) for uri in uris)}


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        (CN, ("gpu1",)),
        (names("urn:benchrace:machine:gpu2"), ("gpu2",)),
        (names("spiffe://lab/gpu3"), ("gpu1",)),
        # A person's name must not open the link of a machine of that name.
        (names("urn:benchrace:operator:gpu1"), ()),
        ({}, ()),
    ],
)
def test_machines_of_a_certificate(certificate: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert machines(certificate) == expected


def test_another_machine_is_refused_with_both_names() -> None:
    check_machine(None, "gpu9")
    check_machine(CN, "gpu1")
    with pytest.raises(BenchraceError, match="is for gpu1, and the agent is gpu2") as caught:
        check_machine(CN, "gpu2")
    assert "benchrace tls agent gpu2" in caught.value.remedy


def test_the_expiry_of_a_links_certificate() -> None:
    expiring = CN | {"notAfter": "Mar  3 12:00:00 2027 GMT"}
    assert security(expiring, tls=True) == LinkSecurity(
        tls=True, certificate_expires_at=1804075200.0
    )
    assert security(None, tls=True) == LinkSecurity(tls=True)
    assert security(None, tls=False) == LinkSecurity()
    assert security(None, tls=False, local=True) == LinkSecurity(local=True)
