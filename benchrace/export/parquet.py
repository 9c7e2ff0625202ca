"""Raw rounds as Parquet; needs pyarrow, which benchrace does not install by itself."""

import importlib
import io
from typing import Any

from benchrace.errors import BenchraceError, Category
from benchrace.export.rows import COLUMNS, rows
from benchrace.run.document import RunDocument


def render(run: RunDocument) -> bytes:
    """Render the columns of the CSV with types; raises `validation` where pyarrow is missing."""
    arrow, parquet = _pyarrow()
    types = {str: arrow.string(), int: arrow.int64(), bool: arrow.bool_(), float: arrow.float64()}
    schema = arrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    columns = list(zip(*rows(run), strict=True)) or [()] * len(COLUMNS)
    arrays = [
        arrow.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)
    ]
    buffer = io.BytesIO()
    parquet.write_table(arrow.table(arrays, schema=schema), buffer)
    return buffer.getvalue()


def _pyarrow() -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise BenchraceError(
            Category.VALIDATION,
            "the format parquet needs pyarrow, which is not installed here",
            "pip install pyarrow, or choose another format (csv holds the same rows).",
        ) from error
