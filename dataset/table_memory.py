"""How much memory a table takes while it is read, by what can be counted before."""

# What read_csv_table holds at most, measured: a wide table of 1 million cells 33 MB, 2 million rows of 2 cells 770 MB.
_BYTES_FOR_BYTE = 4
_BYTES_FOR_CELL = 24
_BYTES_FOR_ROW = 400


def table_memory(*, rows: int, cells: int, text_bytes: int) -> int:
    """The bytes that a table of so many rows, and cells in all of them, takes at most; `text_bytes` is what it reads.

    Of a table of many short rows that is a hundred times its size.
    """
    return _BYTES_FOR_BYTE * text_bytes + _BYTES_FOR_CELL * cells + _BYTES_FOR_ROW * rows
