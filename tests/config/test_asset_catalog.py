"""Catalogues of files for engines: each form of a line, and where one is wrong."""

import re
from pathlib import Path

import pytest

from benchrace.config.assets.catalog import read_catalog
from benchrace.errors import InvalidInput

SHA = "ab" * 32
URL = "https://hub.example/x/model.safetensors"


def write(folder: Path, text: str) -> Path:
    path = folder / "comfyui.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("line", "name", "label", "sha256"),
    [
        (URL, "model.safetensors", None, None),
        (f"{URL} | Base", "model.safetensors", "Base", None),
        (f"{URL} | {SHA.upper()}", "model.safetensors", None, SHA),
        (f"Base | {URL} | {SHA}", "model.safetensors", "Base", SHA),
        ("https://hub.example/download/123?x=1 | Base", "Base.safetensors", "Base", None),
        ("https://hub.example/a%20b.ckpt", "a b.ckpt", None, None),
        ("s3://models/sdxl/base.safetensors", "base.safetensors", None, None),
        ("share:sdxl/base.safetensors", "base.safetensors", None, None),
        (f"central:{SHA} | Base.ckpt", "Base.ckpt", "Base.ckpt", None),
    ],
)
def test_each_form_of_a_line(
    tmp_path: Path, line: str, name: str, label: str | None, sha256: str | None
) -> None:
    (entry,) = read_catalog(write(tmp_path, f"checkpoints:\n  - '{line}'\n"))
    assert (entry.kind, entry.name) == ("checkpoint", name)
    assert (entry.file.label, entry.file.sha256) == (label, sha256)


def test_tables_and_every_kind(tmp_path: Path) -> None:
    kinds = ("checkpoints", "loras", "vaes", "audio", "workflows", "ggufs")
    text = "".join(
        f"{kind}:\n  - {{url: 'https://h.example/{kind}.bin', pinned: true, size: 3}}\n"
        for kind in kinds
    )
    entries = read_catalog(write(tmp_path, text))
    assert [entry.kind for entry in entries] == [
        *("checkpoint", "lora", "vae", "audio", "workflow", "gguf")
    ]
    assert all(entry.file.pinned and entry.file.size == 3 for entry in entries)


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("checkpoint: []\n", 1, "checkpoint: unknown key"),
        (f"loras:\n  - {URL}\n\nother: 1\n", 4, "other: unknown key"),
        ("checkpoints: x\n", 1, "checkpoints: expected a list"),
        ("- x\n", 1, "expected a table of lists"),
        ("checkpoints:\n  - 5\n", 2, "checkpoints[0]: expected"),
        ("checkpoints:\n  - nonsense\n", 2, "checkpoints[0]: expected"),
        (f"checkpoints:\n  - {URL} | a | b | c\n", 2, "checkpoints[0]: expected"),
        (f"checkpoints:\n  - a | {URL} | b\n", 2, "the third part is not a SHA-256"),
        ("checkpoints:\n  - https://h.example/download/1\n", 2, "add a label"),
        (f"loras:\n  - {URL}\n  - {URL} | x\n", 3, "model.safetensors is listed twice"),
        ("loras:\n  - https://h.example/%2e%2e%2fx.bin\n", 2, "loras[0]: invalid file name"),
        (f"vaes:\n  - url: {URL}\n    name: ../x\n", 2, "vaes[0]: invalid file name"),
        (f"vaes:\n  - url: {URL}\n    sha: x\n", 3, "vaes[0].sha: unknown"),
        (f"vaes:\n  - url: {URL}\n    sha256: x\n", 3, "vaes[0].sha256: expected 64"),
        ("vaes:\n  - url: file:///etc/passwd\n", 2, "vaes[0].url: expected https://"),
    ],
)
def test_what_is_wrong_is_named_by_file_line_and_key(
    tmp_path: Path, text: str, where: int, message: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InvalidInput) as raised:
        read_catalog(path)
    assert f"{path}:{where}: " in raised.value.message
    assert message in raised.value.message


def test_files_with_equal_ends_of_their_urls(tmp_path: Path) -> None:
    text = f"""
vaes: [{URL}]
checkpoints:
  - {URL}
  - {{url: 'https://hub.example/y/model.safetensors', name: other.safetensors}}
"""
    entries = read_catalog(write(tmp_path, text))
    assert [(entry.kind, entry.name) for entry in entries] == [
        ("vae", "model.safetensors"),
        ("checkpoint", "model.safetensors"),
        ("checkpoint", "other.safetensors"),
    ]


def test_the_example_of_the_guide(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs/how-to/assets.md").read_text()
    (example,) = re.findall(r"```yaml\n(checkpoints:.*?)```", guide, re.DOTALL)
    entries = read_catalog(write(tmp_path, re.sub("SHA256", SHA, example)))
    assert [(entry.kind, entry.name) for entry in entries] == [
        ("checkpoint", "base.safetensors"),
        ("checkpoint", "refiner.safetensors"),
        ("checkpoint", "turbo.safetensors"),
        ("checkpoint", "base-fp16.safetensors"),
        ("lora", "style.safetensors"),
    ]
    assert entries[2].file.sha256 == SHA
    assert entries[-1].file.pinned


def test_no_file_is_an_empty_catalogue(tmp_path: Path) -> None:
    assert read_catalog(tmp_path / "comfyui.yaml") == ()
