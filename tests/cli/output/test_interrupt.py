"""Signals as one exception."""

import os
import signal

import pytest

from benchrace.cli.output.interrupt import Interrupted, interruptible


def test_a_signal_is_one_exception_with_its_code() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible(), pytest.raises(Interrupted) as caught:
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
