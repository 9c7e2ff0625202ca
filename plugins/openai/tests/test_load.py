"""llama-server as a router: models are loaded, unloaded and told by its own API."""

from typing import Any

import pytest

from benchrace.plugin import BenchraceError, Category, NotOffered

from .stand_in import StandIn, backend, context, lane
from .test_client import CONTROL, replayed

pytestmark = pytest.mark.anyio


class Router:
    """Two models; each change is seen a few questions later."""

    def __init__(self) -> None:
        self.listed = CONTROL["router"]["models before any request"]["body"]
        self.props = CONTROL["router"]["props"]["body"]
        self.ids = [model["id"] for model in self.listed["data"]]
        self.states = dict.fromkeys(self.ids, "unloaded")
        self.next: dict[str, tuple[int, str]] = {}
        self.fails = False

    def __call__(self, path: str, body: Any) -> tuple[int, Any]:
        match path:
            case "/props":
                return 200, self.props
            case "/v1/models":
                return 200, self._models()
            case "/models/load":
                self.next[body["model"]] = (3, "loaded")
                return 200, {"success": True}
            case "/models/unload":
                self.next[body["model"]] = (3, "unloaded")
                return 200, {"success": True}
        return 404, {}

    def _models(self) -> dict[str, Any]:
        for name, (left, state) in list(self.next.items()):
            self.next[name] = (left - 1, state)
            if left == 0:
                self.states[name] = state
        data = [
            {**model, "status": {"value": self.states[model["id"]], "failed": self.fails}}
            for model in self.listed["data"]
        ]
        return {"data": data}


async def test_a_model_is_loaded_and_waited_for() -> None:
    router = Router()
    name = router.ids[0]
    async with StandIn(router).served() as server, context() as recording:
        on_server = backend({"base_url": server.url}).open_lane(lane(model=name), recording)
        loaded = await on_server.load()
        assert router.states[name] == "loaded"
        assert loaded.source == "client"
        assert loaded.ns
        again = await on_server.load()
        assert again.ns is None, "it was there already"


async def test_a_model_is_unloaded_once_the_router_says_so() -> None:
    router = Router()
    name = router.ids[1]
    router.states[name] = "loaded"
    async with StandIn(router).served() as server, context() as recording:
        on_server = backend({"base_url": server.url}).open_lane(lane(model=name), recording)
        await on_server.facts()
        await on_server.unload()
        assert router.states[name] == "unloaded"


async def test_all_resident_models_are_unloaded() -> None:
    router = Router()
    router.states = dict.fromkeys(router.ids, "loaded")
    async with StandIn(router).served() as server, context() as recording:
        done = await backend({"base_url": server.url}).unload(None, recording)
        assert sorted(done.models) == sorted(router.ids)
        assert set(router.states.values()) == {"unloaded"}
        assert done.waited_ms > 0


async def test_a_model_that_fails_to_load_is_a_failure() -> None:
    router = Router()
    router.fails = True
    async with StandIn(router).served() as server, context() as recording:
        openai = backend({"base_url": server.url})
        on_server = openai.open_lane(lane(model=router.ids[0]), recording)
        with pytest.raises(BenchraceError) as raised:
            await on_server.load()
    assert raised.value.category is Category.STREAM_ERROR


async def test_a_server_of_one_model_cannot_unload_and_says_so() -> None:
    async with StandIn(replayed("llama-server")).served() as server, context() as recording:
        openai = backend({"base_url": server.url})
        with pytest.raises(NotOffered) as raised:
            await openai.unload(None, recording)
        assert "cannot unload its model" in raised.value.message
        assert "launch" in raised.value.remedy
        for operation in (openai.reset, openai.start, openai.stop):
            with pytest.raises(NotOffered, match="no start command is configured"):
                await operation(recording)
