"""Excel workbooks and Parquet files as rows of cells of text.

Enters: a path. Leaves: the rows, with the number of each. Of a workbook the first sheet is read,
and of a formula the value that was saved with it. Both readers come with the extra `tables`.

Covers: .xlsx; flat columns of Parquet. Does not cover: .xls, .ods, merged cells, nested columns.
"""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from latebloom.errors import FactsError
from latebloom.files import import_extra
from latebloom.worlds.chains.delimited import Cells

LARGEST = 2**30
"""Bytes of a workbook once it is unpacked: beyond them it is not opened."""


def excel_cells(path: Path) -> Iterator[Cells]:
    """The rows of the first sheet that are not blank, each as wide as the first.

    Raises: FactsError for what is no workbook, or is too large when unpacked; MissingExtraError.
    """
    openpyxl = import_extra("openpyxl", "tables", "reading Excel")
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(part.file_size for part in packed.infolist())
        if size > LARGEST:
            raise FactsError(f"{path} unpacks to {size:,} bytes; {LARGEST:,} are the limit")
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except FactsError:
        raise
    except Exception as error:  # what a damaged workbook raises is not documented
        raise FactsError(f"{path} is no Excel workbook ({error})") from error
    try:
        width = 0
        for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
            cells = [as_text(value) for value in row]
            if not any(cells):
                continue
            width = width or len(cells)
            if any(cells[width:]):
                raise FactsError(f"{path}, row {number}: more cells than in the first row")
            yield number, (cells + [""] * width)[:width]
    except FactsError:
        raise
    except Exception as error:
        raise FactsError(f"{path} cannot be read ({error})") from error
    finally:
        book.close()


def parquet_cells(path: Path) -> Iterator[Cells]:
    """The names of the columns, then the rows; row 1 is the first after the names.

    Raises: FactsError for what is no Parquet file; MissingExtraError.
    """
    parquet = import_extra("pyarrow.parquet", "tables", "reading Parquet")
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            yield 0, list(file.schema_arrow.names)
            for batch in file.iter_batches():
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield number, [as_text(value) for value in row]
    except OSError:
        raise
    except Exception as error:
        raise FactsError(f"{path} is no Parquet file that can be read ({error})") from error


def as_text(value: Any) -> str:
    """A cell as text: nothing as empty, 18.0 as 18, a day as 2026-01-31."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)


SHEETS: Mapping[str, Callable[[Path], Iterator[Cells]]] = {
    ".xlsx": excel_cells,
    ".parquet": parquet_cells,
}
"""The readers, by the ending of the file."""
