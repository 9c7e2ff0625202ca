"""Routes match paths, and no time goes into building paths of them."""

import pytest

from benchrace.web.asgi.application import Application


async def test_a_route_with_values_is_matched() -> None:
    app = Application("plain")

    @app.get("/runs/<run_id>/jobs/<int:number>")
    async def job(run_id: str, number: int) -> str:
        return f"{run_id}-{number}"

    answer = await app.test_client().get("/runs/r%20x/jobs/3")
    assert await answer.get_data(as_text=True) == "r x-3"


async def test_a_route_with_defaults_answers_at_its_own_path() -> None:
    app = Application("plain")

    async def page(number: int) -> str:
        return str(number)

    app.add_url_rule("/c/", "page", page, defaults={"number": 1})
    app.add_url_rule("/c/<int:number>", "page", page)
    client = app.test_client()
    answers = [await client.get(path) for path in ("/c/", "/c/1", "/c/2")]
    assert [await answer.get_data(as_text=True) for answer in answers] == ["1", "1", "2"]


def test_no_path_is_built() -> None:
    app = Application("plain")
    app.add_url_rule("/runs/<run_id>", "run")
    with pytest.raises(RuntimeError, match="cannot build the path of run"):
        app.url_map.bind("host").build("run", {"run_id": "r"})
