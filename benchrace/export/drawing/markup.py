"""Elements of SVG and HTML; all text and all attributes are escaped."""

from html import escape

from benchrace.export.text import plain


def element(tag: str, *content: str, **attributes: str | float | None) -> str:
    """Format an element of markup that is already escaped; `text_anchor` is `text-anchor`.

    Attributes that are None are left out, and a `_` at the end of their names as well.
    """
    named = "".join(
        f' {name.removesuffix("_").replace("_", "-")}="{_value(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{named}>{''.join(content)}</{tag}>"


def escaped(text: str) -> str:
    """Escape foreign text so that it appears as it is, in content and in attributes."""
    return escape(plain(text), quote=True)


def number(value: float) -> str:
    """Format a coordinate with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def percent(part: float) -> str:
    """Format a part of 1 as a coordinate: charts in pages are as wide as there is room."""
    return f"{number(part * 100)}%"


def _value(value: str | float) -> str:
    return escaped(value) if isinstance(value, str) else number(value)
