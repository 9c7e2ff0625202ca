"""Operations, done by real workers."""

from pathlib import Path
from typing import Any

import pytest

from benchrace.errors import Category
from benchrace.plugin import Operation
from benchrace.protocol.agent_worker import (
    Noted,
    OperateOrder,
    ProbeOrder,
    Progressed,
    Reply,
    WorkerSetup,
)
from benchrace.testing import Worker, ask, plugin_ref
from tests.engine_plugin import EngineHome

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(tmp_path: Path) -> EngineHome:
    return EngineHome(tmp_path)


def order(operation: Operation, *, log_dir: str | None = None, **more: Any) -> OperateOrder:
    setup = WorkerSetup(plugins=(plugin_ref("fake_engine_module"),), log_dir=log_dir)
    return OperateOrder(setup=setup, operation=operation, backend="engine", **more)


def done(engine: EngineHome, operation: Operation, **more: Any) -> Reply:
    reply = ask(order(operation, **more), engine.environment)
    assert reply is not None
    return reply


def test_what_the_method_answers_is_the_reply(engine: EngineHome) -> None:
    reset = done(engine, Operation.RESET)
    assert reset.failure is None
    assert reset.result["healthy"] is True
    assert reset.result["start_log_file"] is None
    unloaded = done(engine, Operation.UNLOAD, model="m")
    assert unloaded.result == {"models": ["m"], "waited_ms": 1.0, "freed": 3}
    assert done(engine, Operation.SYNC).result is None


def test_engines_log_where_the_agent_says(engine: EngineHome) -> None:
    answer = done(engine, Operation.START, log_dir="/somewhere")
    assert answer.result["notes"] == ["/somewhere"]


def test_progress_and_lines_come_before_the_reply(engine: EngineHome) -> None:
    with Worker(order(Operation.PULL, model="m:1"), engine.environment) as worker:
        messages = []
        while (line := worker.hear()) is not None:
            messages.append(line)
        assert worker.wait() == 0
    assert messages == [
        Noted(level="info", message="pulling m:1"),
        Progressed(done=0.0, total=4.0, unit="B"),
        Progressed(done=4.0, total=4.0, unit="B"),
        Reply(result=None),
    ]
    assert (engine.home / "models/m_1").exists()


@pytest.mark.parametrize(
    ("model", "category", "words"),
    [
        ("nowhere", Category.MISSING_MODEL, "there is no model nowhere"),
        ("bug", Category.PLUGIN_ERROR, "pull of engine failed: KeyError: 'bug'"),
        (None, Category.VALIDATION, "model: name the model to pull"),
    ],
)
def test_failures_have_a_category(
    engine: EngineHome, model: str | None, category: Category, words: str
) -> None:
    failure = done(engine, Operation.PULL, model=model).failure
    assert failure is not None
    assert (failure.category, failure.message) == (category, words)


def test_what_is_not_configured_is_said(engine: EngineHome) -> None:
    failure = done(engine, Operation.STOP).failure
    assert failure is not None
    assert "does not offer stop: nothing says how it is stopped" in failure.message


def test_the_probe_brings_the_older_part(engine: EngineHome) -> None:
    (engine.home / "models/m_1").write_bytes(b"data")
    reply = ask(
        ProbeOrder(setup=WorkerSetup(plugins=(plugin_ref("fake_engine_module"),))),
        engine.environment,
    )
    assert reply is not None
    probe: Any = reply.result["engine"]
    assert probe["legacy"]["ollama_models"] == ["m:1"]
    assert probe["models"][0]["kv"][0]["kv_heads"] == 4
