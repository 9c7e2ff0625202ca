"""The models that it has, in the shapes that were recorded."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

GO = (
    "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
    "<|im_start|>assistant\n"
)
JINJA = "{%- for m in messages %}{{- '<|im_start|>' + m.role + m.content }}{%- endfor %}"
STOPS = 'stop                           "<|im_start|>"\nstop                           "<|im_end|>"'
TRAINED = 4096


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Model:
    """A model; times in ms. `eos` is after how many tokens it ends by itself, 0 for never."""

    name: str
    file: str = "tiny"
    recipe: str = "tiny"
    template: str = GO
    parameters: str = STOPS
    system: str = ""
    capabilities: list[str] = field(default_factory=lambda: ["completion"])
    heads: int | list[int] = 4
    token_ms: float = 2.0
    prefill_ms: float = 0.1
    load_ms: float = 250.0
    batch_ms: float = 50.0
    eos: int = 0
    think: int = 6

    @property
    def full(self) -> str:
        return f"{self.name}:latest"

    @property
    def digest(self) -> str:
        return sha256(f"manifest {self.file} {self.recipe}")

    @property
    def blob(self) -> str:
        return f"sha256-{sha256(self.file)}"

    @property
    def thinks(self) -> bool:
        return "thinking" in self.capabilities

    @property
    def own_ctx(self) -> int | None:
        parameters = [line.split() for line in self.parameters.splitlines()]
        return next((int(words[1]) for words in parameters if words[0] == "num_ctx"), None)

    def details(self) -> dict[str, Any]:
        return {
            "parent_model": "",
            "format": "gguf",
            "family": "llama",
            "families": ["llama"],
            "parameter_size": "2.86M",
            "quantization_level": "F16",
        }

    def tag(self) -> dict[str, Any]:
        return {
            "name": self.full,
            "model": self.full,
            "modified_at": "2026-11-22T12:51:46.105185547Z",
            "size": 5_754_133,
            "digest": self.digest,
            "details": {**self.details(), "context_length": TRAINED, "embedding_length": 256},
            "capabilities": self.capabilities,
        }

    def show(self, verbose: bool) -> dict[str, Any]:
        heads = self.heads if verbose or isinstance(self.heads, int) else None
        shown = {
            "modelfile": f"# FROM {self.full}\n\nFROM /models/blobs/{self.blob}\n",
            "parameters": self.parameters,
            "template": self.template,
            "system": self.system,
            "details": self.details(),
            "model_info": {
                "general.architecture": "llama",
                "general.file_type": 1,
                "general.parameter_count": 2_859_776,
                "general.quantization_version": 2,
                "llama.attention.head_count": 8,
                "llama.attention.head_count_kv": heads,
                "llama.attention.layer_norm_rms_epsilon": 1e-05,
                "llama.block_count": 4,
                "llama.context_length": TRAINED,
                "llama.embedding_length": 256,
                "llama.feed_forward_length": 512,
                "llama.rope.dimension_count": 32,
                "llama.rope.freq_base": 10000,
                "llama.vocab_size": 973,
                "tokenizer.ggml.add_bos_token": True,
                "tokenizer.ggml.bos_token_id": 968,
                "tokenizer.ggml.eos_token_id": 969,
                "tokenizer.ggml.eot_token_id": 971,
                "tokenizer.ggml.merges": ["b a", "b e"] if verbose else None,
                "tokenizer.ggml.model": "gpt2",
                "tokenizer.ggml.padding_token_id": 972,
                "tokenizer.ggml.pre": "gpt-2",
                "tokenizer.ggml.token_type": [1, 1] if verbose else None,
                "tokenizer.ggml.tokens": ["a", "b"] if verbose else None,
            },
            "tensors": [{"name": "output.weight", "type": "F16", "shape": [256, 973]}],
            "capabilities": self.capabilities,
            "modified_at": "2026-11-22T11:53:24.289068218Z",
        }
        return {name: value for name, value in shown.items() if value != ""}


def all_models() -> dict[str, Model]:
    """What a new server has, by full name."""
    thinking = ["completion", "thinking"]
    ctx = "num_ctx                        1024\ntemperature                    0"
    models = [
        Model("tiny"),
        Model("tiny-copy"),
        Model("tiny-ctx", recipe="ctx", parameters=ctx, system="be brief"),
        Model("tiny-think", recipe="think", capabilities=thinking),
        Model("tiny-jthink", file="jthink", template=JINJA, parameters="", capabilities=thinking),
        Model("tiny-eos", file="eos", eos=9),
        Model("small", file="small"),
        Model("mid", file="mid"),
        Model("varied", file="varied", heads=[4, 4, 8, 8]),
        Model("embed", file="embed", capabilities=["embedding"]),
    ]
    return {model.full: model for model in models}
