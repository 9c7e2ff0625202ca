"""The model policy over HTTP, and what the machines' answers say of it."""

from pathlib import Path

import anyio
import pytest

from tests.central.scripted import FakeAgent
from tests.central.served import served

pytestmark = pytest.mark.anyio
URL = "/api/settings/model_policy"


async def test_the_policy_is_set_and_read(tmp_path: Path) -> None:
    config = tmp_path / "config"
    async with served(tmp_path / "data", config=config) as central:
        empty = await central.get(URL)
        assert empty["required"] == {"llm": [], "whisper": [], "sdxl_profiles": []}
        assert empty["path"] == str(config / "model_policy.yaml")
        request = {"required": {"llm": ["a:1"]}, "optional": {"whisper": ["base"]}}
        first = await central.http.post(URL, json=request)
        assert (first.status_code, first.json()["backup"]) == (200, None)
        second = await central.http.post(URL, json={"required": {"llm": ["b"]}})
        assert "a:1" in await anyio.Path(second.json()["backup"]).read_text()
        body = await central.get(URL)
        assert (body["required"]["llm"], body["optional"]["whisper"]) == (["b"], [])


async def test_bad_policies_are_refused_with_every_field(tmp_path: Path) -> None:
    async with served(tmp_path / "data", config=tmp_path) as central:
        request = {"required": {"vision": []}, "optional": {"whisper": 3}}
        answer = await central.http.post(URL, json=request)
        assert answer.status_code == 422
        paths = {field["path"] for field in answer.json()["error"]["fields"]}
        assert paths == {"required.vision", "optional.whisper"}
        name = await central.http.post(URL, json={"required": {"llm": ["good", "../bad", ""]}})
        assert name.status_code == 422
        paths = {field["path"] for field in name.json()["error"]["fields"]}
        assert paths == {"required.llm[1]", "required.llm[2]"}
        twice = await central.http.post(URL, json={"required": {"llm": ["a", "a:latest"]}})
        assert twice.status_code == 422
        assert twice.json()["error"]["fields"][0]["path"] == "required.llm[1]"
        assert not (tmp_path / "model_policy.yaml").exists()


async def test_machines_say_what_they_lack(tmp_path: Path) -> None:
    policy = tmp_path / "model_policy.yaml"
    policy.write_text("required: {llm: [a]}\noptional: {llm: [b]}\n")
    async with served(tmp_path / "data", config=tmp_path) as central:
        await central.link(FakeAgent("m1"))
        body = await central.get("/api/machines")
        assert body["policy_problem"] is None
        assert body["machines"][0]["missing"] == {"required": ["a"], "optional": ["b"]}
        reach = (await central.get("/api/status", model="a", num_ctx="512"))["machines"][0]
        assert (reach["has_model"], reach["missing"]) == (False, ["a"])
        model = reach["model"]
        assert (model["has_model"], model["backends"], model["fit"]) == (False, [], None)
        plain = (await central.get("/api/status"))["machines"][0]
        assert (plain["has_model"], plain["model"]) == (None, None)
        bad = await central.http.get("/api/status", params={"num_ctx": "many"})
        assert (bad.status_code, bad.json()["error"]["fields"][0]["path"]) == (422, "num_ctx")


async def test_a_broken_file_takes_nothing_else_down(tmp_path: Path) -> None:
    policy = tmp_path / "model_policy.yaml"
    policy.write_text("required:\n  llm: 3\n")
    async with served(tmp_path / "data", config=tmp_path) as central:
        await central.link(FakeAgent("m1"))
        body = await central.get("/api/machines")
        assert body["policy_problem"].startswith(f"{policy}:2: required.llm: expected a list")
        assert body["machines"][0]["missing"] == {"required": [], "optional": []}
        answer = await central.http.get(URL)
        assert answer.status_code == 422
        assert f"{policy}:2:" in answer.json()["error"]["message"]


async def test_operations_on_what_there_is_not(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as central:
        await central.link(FakeAgent("m1"))
        for path, words in [
            ("/api/machines/nobody/backends/fake/reset", "unknown machine 'nobody'"),
            ("/api/machines/m1/backends/nobody/reset", "m1 has no backend 'nobody'"),
            ("/api/machines/m1/backends/fake/reset", "fake of m1 does not offer reset"),
            ("/api/machines/m1/backends/fake/dance", "unknown operation 'dance'"),
        ]:
            answer = await central.http.post(path)
            assert answer.status_code == 404
            assert words in answer.json()["error"]["message"]
