"""Where ComfyUI is, and what of a machine's paths a result publishes."""

import pytest

from benchrace.plugin import BenchraceError, Category
from benchrace_comfyui.config import ComfyConfig, base_url
from benchrace_comfyui.prompt.outputs import file_name
from benchrace_comfyui.scrub import flags, scrub


@pytest.mark.parametrize(
    ("address", "variable", "url"),
    [
        (None, "", "http://127.0.0.1:8188"),
        ("http://10.0.0.5:9000/", "", "http://10.0.0.5:9000"),
        ("0.0.0.0", "", "http://127.0.0.1:8188"),
        ("https://images.example/comfy/", "", "https://images.example:443/comfy"),
        ("http://[::1]:8188", "", "http://[::1]:8188"),
        ("http://10.0.0.5", '"http://10.0.0.6:1"', "http://10.0.0.6:1"),
    ],
)
def test_addresses(address: str | None, variable: str, url: str) -> None:
    assert base_url(ComfyConfig(base_url=address), {"COMFYUI_BASE_URL": variable}) == url


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("ftp://host", "comfyui.base_url: invalid address"),
        ("http://host:99999", "comfyui.base_url: invalid address"),
        ("http://me:secret@host", "has a user or a password"),
    ],
)
def test_bad_addresses_name_the_key(address: str, text: str) -> None:
    with pytest.raises(BenchraceError) as raised:
        base_url(ComfyConfig(base_url=address), {})
    assert raised.value.category is Category.VALIDATION
    assert text in raised.value.message
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("of: /app/ComfyUI/models/x.safetensors\n", "of: .../x.safetensors\n"),
        (r"C:\Users\me\ComfyUI\main.py", ".../main.py"),
        ("~/models/x", ".../x"),
        ("at file:///C:/Users/me/x.png.", "at .../x.png."),
        (r"\\server\share\me\x.png", ".../x.png"),
        (r"'C:\\Users\\me\\x.png'", "'.../x.png'"),
        ('File "/home/John Doe/My Models/main 1.py", line 5', 'File ".../main 1.py", line 5'),
        ("proxy http://me:secret@host:9/a", "proxy http://host:9/a"),
        ("see http://host:9/a/b, 1/2 of a/b", "see http://host:9/a/b, 1/2 of a/b"),
    ],
)
def test_folders_are_removed(text: str, clean: str) -> None:
    assert scrub(text) == clean


def test_flags_hide_paths() -> None:
    argv = [
        "/home/me/main.py",
        "--cpu",
        "--base-directory",
        "/srv/x",
        "--input-directory=/y",
        "~/z",
        "--cache-lru",
        "10",
        "--preview-method=auto",
        "--comfy-api-base",
        "https://me:secret@host",
    ]
    hidden = "--cpu --base-directory (value) --input-directory=(value) (value)"
    shown = "--cache-lru 10 --preview-method=auto --comfy-api-base (value)"
    assert flags(argv) == f"{hidden} {shown}"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("image_00001_.png", "image_00001.png"),
        ("../ö ä.png", "image.png"),
        ("a" * 90 + ".webp", "a" * 59 + ".webp"),
        ("plain", "plain"),
    ],
)
def test_names_of_files_are_safe(name: str, safe: str) -> None:
    assert file_name(name) == safe


def test_the_folder_is_absolute_wherever_a_worker_runs() -> None:
    assert ComfyConfig(folder="~/ComfyUI").folder == "~/ComfyUI"
    with pytest.raises(ValueError, match="folder: 'ComfyUI' is not an absolute path"):
        ComfyConfig(folder="ComfyUI")
