"""llama-server as a router: models are loaded, unloaded and told by its own API."""

from typing import Any

import pytest

from benchrace.plugin import BenchraceError, Category, NotOffered

from .stand_in import StandIn, backend, context, lane
from .test_control import CONTROL, replayed

pytestmark = pytest.mark.anyio


class Router:
    """Two models; each change is seen a few questions later."""

    def __init__(self) -> None:
        self.listed = CONTROL["router"]["models before any request"]["body"]
        self.props = CONTROL["router"]["props"]["body"]
        self.ids = [each["id"] for each in self.listed["data"]]
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
            {**each, "status": {"value": self.states[each["id"]], "failed": self.fails}}
            for each in self.listed["data"]
        ]
        return {"data": data}


async def test_a_model_is_loaded_and_waited_for() -> None:
    router = Router()
    name = router.ids[0]
    async with StandIn(router).served() as server, context() as made:
        asked = backend({"base_url": server.url})
        loaded = await asked.load(lane(model=name), made)
        assert router.states[name] == "loaded"
        assert loaded.source == "client"
        assert loaded.ns
        again = await asked.load(lane(model=name), made)
        assert again.ns is None, "it was there already"


async def test_a_model_is_forgotten_once_the_router_says_so() -> None:
    router = Router()
    name = router.ids[1]
    router.states[name] = "loaded"
    async with StandIn(router).served() as server, context() as made:
        asked = backend({"base_url": server.url})
        await asked.facts(lane(model=name), made)
        await asked.forget(lane(model=name), made)
        assert router.states[name] == "unloaded"


async def test_all_resident_models_are_unloaded() -> None:
    router = Router()
    router.states = dict.fromkeys(router.ids, "loaded")
    async with StandIn(router).served() as server, context() as made:
        done = await backend({"base_url": server.url}).unload(None, made)
        assert sorted(done.models) == sorted(router.ids)
        assert set(router.states.values()) == {"unloaded"}
        assert done.waited_ms > 0


async def test_a_model_that_fails_to_load_is_a_failure() -> None:
    router = Router()
    router.fails = True
    async with StandIn(router).served() as server, context() as made:
        with pytest.raises(BenchraceError) as raised:
            await backend({"base_url": server.url}).load(lane(model=router.ids[0]), made)
    assert raised.value.category is Category.STREAM_ERROR


async def test_a_server_of_one_model_cannot_unload_and_says_so() -> None:
    async with StandIn(replayed("llama-server")).served() as server, context() as made:
        asked = backend({"base_url": server.url})
        with pytest.raises(NotOffered) as raised:
            await asked.unload(None, made)
        assert "cannot unload its model" in raised.value.message
        assert "launch" in raised.value.remedy
        for operation in (asked.reset, asked.start, asked.stop):
            with pytest.raises(NotOffered, match="nothing says how it is started"):
                await operation(made)
