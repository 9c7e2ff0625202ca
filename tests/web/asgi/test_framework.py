"""Imports of the framework in threads."""

import subprocess
import sys
import threading

import pytest

from benchrace.testing.limits import HANG_S
from benchrace.web.asgi.framework import imported_alone

# Both ends of the circle that Hypercorn's modules are, from two threads at once.
BOTH = """
import sys, threading
sys.setswitchinterval(1e-6)
from importlib import import_module
from benchrace.web.asgi.framework import imported_alone

failed = []
begin = threading.Barrier(2)

def load(name):
    begin.wait()
    try:
        imported_alone(lambda: import_module(name))
    except Exception as error:
        failed.append(repr(error))

names = ("hypercorn.asyncio.tcp_server", "quart")
threads = [threading.Thread(target=load, args=(name,)) for name in names]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(failed)
"""


def test_one_import_begins_when_the_other_has_ended() -> None:
    inside, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def first() -> None:
        inside.set()
        go_on.wait(HANG_S)
        order.append("first")

    threads = [threading.Thread(target=imported_alone, args=(first,))]
    threads[0].start()
    assert inside.wait(HANG_S)
    threads.append(threading.Thread(target=imported_alone, args=(lambda: order.append("second"),)))
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(HANG_S)
    assert order == ["first", "second"]


@pytest.mark.slow
def test_two_threads_import_the_framework_without_a_deadlock() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", BOTH], capture_output=True, text=True, check=True, timeout=HANG_S
    )
    assert shown.stdout == "[]\n"
