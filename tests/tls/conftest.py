"""One set of certificates for all tests of a process: to sign them takes a moment."""

import pytest

from tests.tls.certificates import Certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))
