"""What a person names, and which machine gets it."""

import pytest

from benchrace.api.files.assets import AssetEntry
from benchrace.api.machines import MachineAnswer
from benchrace.cli.assets.fetch import described, plan
from benchrace.cli.assets.stored import named_asset
from benchrace.cli.models.pull_plan import Pull
from benchrace.errors import InvalidInput, NotFound
from benchrace.plugin.assets import Asset, AssetKind
from benchrace.plugin.operations import Operation
from tests.cli.models.test_pull_plan import backend, machine

SHA = "ab" * 32
STORED = (
    AssetEntry(sha256=SHA, size=9, name="base.ckpt", kind=AssetKind.LORA, added_at=1.0),
    AssetEntry(sha256="cd" * 32, size=9, name="two.bin", kind=AssetKind.VAE, added_at=1.0),
    AssetEntry(sha256="ef" * 32, size=9, name="two.bin", kind=AssetKind.VAE, added_at=1.0),
)


def asset(text: str, **changes: object) -> Asset:
    about = {"kind": None, "name": None, "sha256": None, "ephemeral": False, "pinned": False}
    return described(text, STORED, **about | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("https://hub.example/a/base%20v1.safetensors?x=1", "base v1.safetensors", "checkpoint"),
        ("s3://models/a/b.gguf", "b.gguf", "gguf"),
        ("share:audio/c.wav", "c.wav", "audio"),
        ("https://hub.example/graph.json", "graph.json", "workflow"),
    ],
)
def test_an_address_names_its_file_and_kind(text: str, name: str, kind: str) -> None:
    named = asset(text)
    assert (named.url, named.name, named.kind) == (text, name, kind)
    assert asset(text, kind="vae", name="x.bin", pinned=True).kind is AssetKind.VAE


def test_a_file_of_central_is_asked_for_by_its_digest() -> None:
    named = asset("central:base.ckpt", ephemeral=True)
    assert (named.url, named.sha256, named.size) == (f"central:{SHA}", SHA, 9)
    assert (named.kind, named.ephemeral) == (AssetKind.LORA, True)
    assert asset(f"central:{SHA[:8]}").sha256 == SHA
    with pytest.raises(NotFound, match="several assets match"):
        asset("central:two.bin")
    with pytest.raises(NotFound, match="unknown asset 'other'"):
        named_asset(STORED, "other")


def test_an_address_without_a_file_needs_a_name() -> None:
    with pytest.raises(InvalidInput) as raised:
        asset("https://hub.example/")
    assert raised.value.remedy == "Add --name."


def fleet(*reachable: bool) -> list[MachineAnswer]:
    import msgspec

    backends = [
        msgspec.structs.replace(backend(f"b{n}", reachable=up), operations=(Operation.SYNC,))
        for n, up in enumerate(reachable)
    ]
    return [machine("m", *backends, backend("other"))]


def test_the_engine_that_answers_gets_the_files() -> None:
    wanted = [asset("share:a.bin"), asset("share:b.bin")]
    pulls, skipped = plan(fleet(False, True), wanted, None)
    assert ([(pull.backend, pull.model) for pull in pulls], skipped) == (
        [("b1", "a.bin"), ("b1", "b.bin")],
        [],
    )
    assert pulls[0].request.assets == (wanted[0],)
    pulls, _ = plan(fleet(False, True), [], "b0")
    assert pulls == [
        Pull(machine_id="m", backend="b0", model="its catalogue", operation=Operation.SYNC)
    ]


def test_a_file_goes_to_the_engine_that_takes_its_kind() -> None:
    import msgspec

    (offered,) = fleet(True, True)
    kinds = ((AssetKind.CHECKPOINT, AssetKind.GGUF), (AssetKind.GGUF,), ())
    backends = [
        msgspec.structs.replace(one, assets=taken)
        for one, taken in zip(offered.backends, kinds, strict=True)
    ]
    both = [msgspec.structs.replace(offered, backends=tuple(backends))]
    pulls, _ = plan(both, [asset("share:a.safetensors")], None)
    assert [pull.backend for pull in pulls] == ["b0"]
    _, (skipped,) = plan(both, [asset("share:a.gguf")], None)
    assert skipped.why.endswith("(b0, b1)")


@pytest.mark.parametrize(
    ("reachable", "why"),
    [((), "no backend takes files"), ((True, True), "several backends take files: choose one")],
)
def test_where_no_one_backend_can_the_person_has_to_act(
    reachable: tuple[bool, ...], why: str
) -> None:
    pulls, (skipped,) = plan(fleet(*reachable), [asset("share:a.bin")], None)
    assert (pulls, skipped.wrong, skipped.why.startswith(why)) == ([], True, True)
