"""What a model's file says of the weights that a token reads."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.plugin import KvLayers, Model
from benchrace.plugin.gguf import weights
from benchrace.plugin.gguf.attention import kv_layers, layer_count
from benchrace.plugin.gguf.header import BadGguf, Header, Tensor
from benchrace.plugin.gguf.weights import describe, shards, weights_of
from tests.engine.models import Models
from tests.engine.tiny_gguf import SHAPES


def header(*tensors: tuple[str, int, int], **metadata: Any) -> Header:
    """A header with tensors of (name, elements, bytes)."""
    every = tuple(Tensor(name, (count,), 0, size) for name, count, size in tensors)
    facts = {name.replace("__", "."): value for name, value in metadata.items()}
    return Header(3, facts, every)


def test_a_token_reads_one_row_of_the_embeddings() -> None:
    own = header(("token_embd.weight", 10, 20), ("output.weight", 10, 40), ("blk.0.x", 5, 10))
    result = weights_of([own])
    assert (result.size, result.parameters) == (70, 25)
    assert (result.active_bytes, result.active_parameters) == (50, 15)


def test_tied_embeddings_are_the_output_matrix() -> None:
    result = weights_of([header(("token_embd.weight", 10, 20), ("blk.0.x", 5, 10))])
    assert result.active_bytes == result.size == 30


def test_of_experts_those_count_that_a_token_uses() -> None:
    mixture = header(
        ("blk.0.ffn_up_exps.weight", 800, 1600),
        ("blk.0.ffn_up_shexp.weight", 100, 200),
        ("output.weight", 10, 20),
        general__architecture="moe",
        moe__expert_count=8,
        moe__expert_used_count=2,
    )
    result = weights_of([mixture])
    assert (result.active_bytes, result.active_parameters) == (400 + 200 + 20, 200 + 100 + 10)


def test_experts_may_be_tensors_of_their_own() -> None:
    mixture = header(
        *[(f"blk.0.ffn_{part}.{n}.weight", 100, 200) for part in ("up", "down") for n in range(8)],
        ("blk.0.ffn_gate_inp.weight", 10, 20),
        general__architecture="llama",
        llama__expert_count=8,
        llama__expert_used_count=2,
    )
    assert weights_of([mixture]).active_bytes == 2 * 2 * 200 + 20


def test_encoders_and_layers_that_draft_are_not_read() -> None:
    plain = [("blk.0.attn_v.weight", 10, 20), ("output.weight", 5, 10)]
    others = ["v.blk.0.x", "mm.0.weight", "a.conv.weight", "blk.1.attn_q.weight", "blk.1.nextn.x"]
    result = weights_of([header(*plain, *[(name, 100, 200) for name in others])])
    assert (result.size, result.active_bytes, result.active_parameters) == (1030, 30, 15)


def test_a_window_counts_where_the_file_says_which_layers_have_it() -> None:
    facts: dict[str, Any] = {
        "general.architecture": "g",
        "g.block_count": 3,
        "g.embedding_length": 64,
        "g.attention.head_count": 4,
        "g.attention.head_count_kv": (2, 2, 1),
        "g.attention.sliding_window": 128,
        "g.attention.sliding_window_pattern": (True, False, False),
    }
    assert kv_layers(facts, 1.0625) == (
        KvLayers(kv_heads=2, k_dim=16, v_dim=16, window=128, k_bytes=1.0625, v_bytes=1.0625),
        KvLayers(kv_heads=2, k_dim=16, v_dim=16, k_bytes=1.0625, v_bytes=1.0625),
        KvLayers(kv_heads=1, k_dim=16, v_dim=16, k_bytes=1.0625, v_bytes=1.0625),
    )
    del facts["g.attention.sliding_window_pattern"]
    assert [layers.window for layers in kv_layers(facts)] == [None, None]


@pytest.mark.parametrize("layers", [None, -1, True, "8", 1 << 40])
def test_implausible_layers_are_unknown(layers: Any) -> None:
    facts = {"general.architecture": "g", "g.block_count": layers}
    assert layer_count(facts) is None
    assert kv_layers(facts) == ()


def test_a_real_file_fills_in_what_an_engine_does_not_report(tmp_path: Path) -> None:
    path, shape = Models(tmp_path).path("tiny", "q8_0"), SHAPES["tiny"]
    reported = Model(name="tiny", size=7, quantization="Q8_0")
    model = describe(path, reported)
    head_dim = shape.width // shape.heads
    assert model.kv == (
        KvLayers(count=shape.layers, kv_heads=shape.kv_heads, k_dim=head_dim, v_dim=head_dim),
    )
    assert (model.size, model.family, model.layers) == (7, "llama", 2)
    assert model.width == shape.width
    attention = shape.width * (2 * shape.width + 2 * head_dim * shape.kv_heads)
    layer = attention + 3 * shape.width * shape.inner + 2 * shape.width
    assert model.parameters is not None
    assert model.active_parameters is not None
    words = (model.parameters - shape.layers * layer - shape.width) // (2 * shape.width)
    assert model.active_parameters == model.parameters - words * shape.width
    # 34 bytes for 32 weights of Q8_0, and norms in full.
    assert model.active_bytes == pytest.approx(model.active_parameters * 34 / 32, rel=0.01)


def test_a_file_that_cannot_be_read_leaves_the_model_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    assert "No such file" in describe(path, Model(name="m")).notes[0]
    path.write_bytes(b"not a model")
    assert describe(path, Model(name="m")).notes == (f"weights: {path}: not a GGUF file",)


@pytest.mark.parametrize("family", [7, True, (1, 2)])
def test_a_damaged_header_does_not_damage_the_model(
    family: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = {
        "general__architecture": family,
        f"{family}__block_count": 1,
        f"{family}__embedding_length": 1 << 40,
        f"{family}__attention__head_count": 1,
        f"{family}__attention__head_count_kv": 1 << 40,
    }
    huge = header(*[(f"blk.{n}.x", 1 << 61, 32) for n in range(16)], **facts)
    monkeypatch.setattr(weights, "read_header", lambda _path: huge)
    model = describe(Path("m.gguf"), Model(name="m"))
    assert msgspec.json.decode(msgspec.json.encode(model), type=Model) == model
    assert (model.family, model.parameters, model.kv) == (None, None, ())


def test_a_split_model_has_all_its_files() -> None:
    names = [path.name for path in shards(Path("/models/m-00001-of-00003.gguf"))]
    assert names == [f"m-0000{number}-of-00003.gguf" for number in (1, 2, 3)]
    assert shards(Path("/models/m.gguf")) == (Path("/models/m.gguf"),)
    with pytest.raises(BadGguf, match="split into 99999 files"):
        shards(Path("m-00001-of-99999.gguf"))
