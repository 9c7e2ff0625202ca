"""/api/generate and /api/chat: answers with the counts, durations and ends that were recorded."""

import asyncio
import hashlib
from typing import Any, NamedTuple

import anyio

from .engine import Engine, Runner, die, now, ns, seconds_of
from .faults import Fault, Kind, by_name
from .models import Model
from .prompt import Prompt, TooLong, rendered, take
from .wire import LATE, Peer, dumps

WORDS = ("fi", "yuto", "wuke", "pibu", "kase", "gome", "sewa", "ciki", "tejo", "soto", "feto")
UNLIMITED = 10
EXPECTED = {"num_predict": "integer", "num_ctx": "integer", "temperature": "float32"}
DEATH = "an error was encountered while running the model: unexpected EOF"
OLD_DEATH = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an "
    "internal error, check ollama server logs for details"
)


class Job(NamedTuple):
    """An answer that is being made."""

    engine: Engine
    peer: Peer
    body: dict[str, Any]
    model: Model
    runner: Runner
    fault: Fault | None
    chat: bool
    began: int
    loaded: int

    def has(self, *kinds: Kind) -> bool:
        return self.fault is not None and self.fault.kind in kinds

    def line(self, text: str = "", thinking: str = "", **more: Any) -> dict[str, Any]:
        """A line, its fields in the recorded order."""
        line: dict[str, Any] = {"model": self.body["model"], "created_at": now()}
        if self.chat:
            thought = {"thinking": thinking} if thinking else {}
            line["message"] = {"role": "assistant", "content": text, **thought}
        else:
            line["response"] = text
            if thinking:
                line["thinking"] = thinking
        return {**line, "done": False, **more}


async def generate(engine: Engine, peer: Peer, body: dict[str, Any], *, chat: bool) -> None:
    """Answer one request."""
    model = engine.find(str(body.get("model", "")))
    if model is None:
        if chat and not body.get("model"):
            return await peer.error(400, "model is required")
        return await peer.error(404, f"model '{body.get('model', '')}' not found")
    if (refused := _refused(body, model)) is not None:
        return await peer.error(*refused)
    empty = not body.get("messages") if chat else not body.get("prompt")
    engine.requests.append(body)
    began = ns()
    if empty and body.get("keep_alive") == 0:
        await engine.unload(model)
        return await _only(peer, body, "unload", chat)
    fault = None
    if not empty and body.get("stream", True):
        fault = by_name(model.name) or engine.next_fault(model)
    if fault is not None and fault.kind is Kind.BUSY:
        text = "server busy, please try again.  maximum pending requests exceeded"
        return await peer.error(503, text)
    if fault is not None and fault.kind is Kind.RELOAD and model.blob in engine.runners:
        engine.runners[model.blob].dead = True
    runner = await engine.runner(model, body.get("options") or {}, body.get("keep_alive"))
    if empty:
        return await _only(peer, body, "load", chat)
    job = Job(engine, peer, body, model, runner, fault, chat, began, max(1_200_000, ns() - began))
    runner.busy += 1
    try:
        async with runner.slots:
            await _answer(job)
    finally:
        runner.busy -= 1
        engine.freed(runner)


def _refused(body: dict[str, Any], model: Model) -> tuple[int, str] | None:
    options = body.get("options") or {}
    for name, kind in EXPECTED.items():
        value = options.get(name)
        if value is not None and not isinstance(value, int | float):
            return 500, f'option "{name}" must be of type {kind}'
    if body.get("raw") and (body.get("system") or body.get("template")):
        return 400, "raw mode does not support template, system, or context"
    if body.get("think") and not model.thinks:
        return 400, f'"{body["model"]}" does not support thinking'
    try:
        seconds_of(body.get("keep_alive"))
    except ValueError as error:
        return 400, str(error)
    return None


async def _only(peer: Peer, body: dict[str, Any], reason: str, chat: bool) -> None:
    line: dict[str, Any] = {"model": body["model"], "created_at": now()}
    line |= {"message": {"role": "assistant", "content": ""}} if chat else {"response": ""}
    await peer.say(200, dumps({**line, "done": True, "done_reason": reason}))


async def _answer(job: Job) -> None:
    tokens = rendered(job.body, job.model)
    try:
        prompt = take(job.engine, job.runner, tokens, job.body.get("truncate", True))
    except TooLong as error:
        inner = {"code": 400, "message": str(error), "type": "exceed_context_size_error"}
        inner |= {"n_prompt_tokens": len(tokens), "n_ctx": job.runner.context}
        return await job.peer.error(400, dumps({"error": inner}).decode(), LATE)
    if job.has(Kind.QUEUED):
        await asyncio.sleep(0.4)
    try:
        await _evaluated(job, prompt)
    except asyncio.CancelledError:
        # The batch that runs is finished before the next request is served.
        with anyio.CancelScope(shield=True):
            await asyncio.sleep(job.model.batch_ms / 1000)
        raise


async def _evaluated(job: Job, prompt: Prompt) -> None:
    start = ns()
    if job.has(Kind.REFUSED):
        job.engine.kill_runner(job.runner)
        await job.peer.error(500, OLD_DEATH if job.engine.old else DEATH, LATE)
        return
    if job.has(Kind.HANG_FIRST):
        await asyncio.sleep(3600)
    evaluated = 1 if job.has(Kind.CACHED) else prompt.evaluated
    await asyncio.sleep(evaluated * job.model.prefill_ms / 1000)
    first = ns()
    if not job.body.get("stream", True):
        await _whole(job, prompt, first - start)
        return
    job.peer.begin()
    await _stream(job, prompt, first, first - start)


async def _stream(job: Job, prompt: Prompt, first: int, prefill: int) -> None:
    n, reason = _length(job)
    last = first
    for i in range(n):
        if i:
            due = first + int(i * job.model.token_ms * 1e6)
            await asyncio.sleep(max(0.0, (due - ns()) / 1e9))
        last = ns()
        if job.fault is not None and i == job.fault.after and await _broken(job):
            return
        if job.has(Kind.NO_DONE):
            if i == 31:
                await job.peer.end()
                return
            await job.peer.line(job.line("a"))
        else:
            await job.peer.line(job.line(*_piece(job, i)))
    ended = reason == "stop"
    if ended:
        due = first + int(n * job.model.token_ms * 1e6)
        await asyncio.sleep(max(0.0, (due - ns()) / 1e9))
        last = ns()
    await job.peer.line(_done(job, prompt, n + ended, reason, prefill, last - first))
    await job.peer.end()


async def _whole(job: Job, prompt: Prompt, prefill: int) -> None:
    n, reason = _length(job)
    await asyncio.sleep((n - 1) * job.model.token_ms / 1000)
    line = _done(job, prompt, n, reason, prefill, int((n - 1) * job.model.token_ms * 1e6))
    line["message" if job.chat else "response"] = "".join(_piece(job, i)[0] for i in range(n))
    await job.peer.say(200, dumps(line))


async def _broken(job: Job) -> bool:
    """Do what the fault says in the middle of an answer; true where that was its end."""
    peer = job.peer
    match job.fault.kind if job.fault else None:
        case Kind.ERROR_LINE:
            job.engine.kill_runner(job.runner)
            await peer.line({"error": DEATH})
            await peer.end()
            return True
        case Kind.HANG_MIDDLE:
            await asyncio.sleep(3600)
            return True
        case Kind.KILLED:
            die()
        case Kind.MALFORMED:
            await peer.raw(b'{"model":"tiny","response":\n')
        case Kind.BROKEN_UTF8:
            await peer.raw(b'{"model":"tiny","response":"\xff\xfe","done":false}\n')
        case Kind.GIANT_LINE:
            await peer.raw(b'{"model":"tiny","response":"' + b"a" * (2 << 20) + b'"}\n')
        case _:
            return False
    return False


def _length(job: Job) -> tuple[int, str]:
    wanted = int((job.body.get("options") or {}).get("num_predict", -1))
    most = UNLIMITED * job.runner.context
    n = most if wanted < 1 else min(wanted, most)
    if job.has(Kind.ZERO_TOKENS):
        return 0, "stop"
    if job.has(Kind.NO_DONE):
        return 32, "stop"
    if job.model.eos and job.model.eos < n:
        return job.model.eos, "stop"
    return n, "length"


def _piece(job: Job, i: int) -> tuple[str, str]:
    """Text and thinking of a token; where a model's own template has it, /api/generate does not
    tell them apart.
    """
    seed = hashlib.sha256(repr(job.body.get("prompt") or job.body.get("messages")).encode())
    word = WORDS[(seed.digest()[0] + i) % len(WORDS)]
    text = word if i == 0 else f" {word}"
    thinks = job.model.thinks and job.body.get("think") is not False
    jinja = "{%" in job.model.template and not job.chat
    if job.has(Kind.THINKING_ONLY) or (thinks and i < job.model.think and not jinja):
        return "", text
    return text, ""


def _done(
    job: Job, prompt: Prompt, count: int, reason: str, prefill: int, took: int
) -> dict[str, Any]:
    old = job.engine.old
    durations = {"prompt_eval_duration": prefill, "eval_duration": took}
    if count == 1:
        durations["eval_duration"] = 0 if old else 1000
    if not old:
        durations = {name: value // 1000 * 1000 for name, value in durations.items()}
    line: dict[str, Any] = {"done": True, "done_reason": reason}
    if not job.chat and not job.body.get("raw"):
        line["context"] = [970, 117, 322, 114, 10, 116]
    line["total_duration"] = ns() - job.began
    line["load_duration"] = job.loaded
    line["prompt_eval_count"] = len(prompt.tokens)
    line["prompt_eval_duration"] = durations["prompt_eval_duration"]
    line["eval_count"] = 0 if job.has(Kind.UNCOUNTED) else count
    line["eval_duration"] = durations["eval_duration"]
    # Whatever is zero is left out.
    return {**job.line(), **{name: value for name, value in line.items() if value}}
