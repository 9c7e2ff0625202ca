"""The race page, built: static files that central serves."""

from pathlib import Path

__all__ = ["static_folder"]


def static_folder() -> Path:
    """Return the folder of `index.html` and `assets/`; raises `FileNotFoundError` without one."""
    folder = Path(__file__).parent / "static"
    if not (folder / "index.html").is_file():
        raise FileNotFoundError(
            f"{folder} holds no page: install benchrace-ui again, or run `make page` in its sources"
        )
    return folder
