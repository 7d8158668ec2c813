"""The formats of tables: `.tsv`, `.csv`, `.jsonl`, `.json`, `.parquet`, `.gz`.

Each reader takes the content of a file and gives its columns and its rows, each
row with the place that an error names.
"""

import collections
import csv
import io
import pathlib
import zlib
from collections.abc import Callable
from typing import Any

from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.reading import LARGEST_TEXT, decoded, parse_json, read_bytes

# What is packed may become this many times as large, and no more.
_LARGEST_RATIO = 100
_SMALL = 2**26  # bytes, which are allowed in any case

Rows = list[tuple[str, dict[str, Any]]]
_SIGNS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}


def suffix_of(path: pathlib.Path) -> str:
    """The suffix that tells the format, without that of compression."""
    return (path.with_suffix("") if path.suffix == ".gz" else path).suffix


def read_rows(
    path: pathlib.Path, delimiter: str | None = None, least_columns: int = 2
) -> tuple[list[str], Rows]:
    """The columns of a file, and its rows, each with its place.

    A `.tsv` or `.csv` file must have so many columns.

    Raises:
        UserError: it is malformed; the message names the line or the row.
    """
    suffix = suffix_of(path)
    if suffix == ".conllu":
        raise UserError(
            "Expected a table, such as a .tsv or .jsonl file, or --task "
            f"tokens, which takes .conllu. Received: {path}"
        )
    check_choice("file type", suffix, READERS)
    if delimiter is not None:
        _check_delimiter(path, suffix, delimiter)
    if suffix == ".parquet":
        return _read_parquet(path, _read_content(path))
    text = read_text_file(path)
    if suffix in (".json", ".jsonl"):
        objects = READERS[suffix](path, text)
        return list(objects[0][1]) if objects else [], objects
    if "\n" not in text:
        text = text.replace("\r", "\n")
    if delimiter is None:
        delimiter = _guess(text) if suffix == ".csv" else "\t"
    numbered = READERS[suffix](path, text, delimiter)
    return _under_header(path, numbered, delimiter, least_columns)


def read_text_file(path: pathlib.Path) -> str:
    """The text of a file, which may be a `.gz`.

    Raises:
        UserError: it is no UTF-8, or too large; the message names the line.
    """
    text = decoded(_read_content(path), path)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UserError(f"Expected text. Received: {path}, line {line}, a NUL")
    return text


def _read_content(path):
    content = read_bytes(path, LARGEST_TEXT)
    return _unpacked(path, content) if path.suffix == ".gz" else content


def _check_delimiter(path, suffix, delimiter):
    if suffix not in (".csv", ".tsv"):
        raise UserError(
            "Expected no delimiter with this type of file, where it has no "
            f"effect. Received: delimiter={delimiter!r} for {path}"
        )
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise UserError(
            "Expected delimiter to be one character other than a quote. "
            f"Received: delimiter={delimiter!r}"
        )


def _unpacked(path, content):
    """What a `.gz` file holds; several members follow each other."""
    most = max(_SMALL, _LARGEST_RATIO * len(content))
    result = bytearray()
    try:
        while content:
            member = zlib.decompressobj(wbits=31)
            result += member.decompress(content, most + 1 - len(result))
            if len(result) > most:
                raise UserError(
                    f"Expected at most {most:,} bytes in it. Received: {path}, "
                    "with more"
                )
            if not member.eof:
                raise zlib.error("it ends too early")
            content = member.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise UserError(
            f"Expected a gzip file. Received: {path} ({error})"
        ) from error
    return bytes(result)


def _numbered(text):
    lines = text.replace("\r\n", "\n").split("\n")
    return [(n, line) for n, line in enumerate(lines, start=1) if line]


def _guess(text):
    """The delimiter of a `.csv` file: a header without commas has another."""
    lines = _numbered(text)
    header = lines[0][1] if lines else ""
    return next((sign for sign in ",;\t|" if sign in header), ",")


def _read_tsv(path, text, delimiter):
    return [(number, line.split(delimiter)) for number, line in _numbered(text)]


def _read_csv(path, text, delimiter):
    source = io.StringIO(text, newline="")
    reader = csv.reader(source, strict=True, delimiter=delimiter)
    rows, line = [], 1
    usual = csv.field_size_limit(max(len(text), 1))
    try:
        for row in reader:
            if row:
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"Expected rows separated by {_named(delimiter)}. Received: "
            f"{path}, line {reader.line_num} ({error})"
        ) from error
    finally:
        csv.field_size_limit(usual)
    return rows


def _named(delimiter):
    return _SIGNS.get(delimiter, repr(delimiter))


def _under_header(path, numbered, delimiter, least):
    """The columns and rows of a table whose first row names the columns."""
    if not numbered:
        return [], []
    (first, header), *rest = numbered
    for number, row in numbered:
        if len(row) != len(header) or len(row) < least:
            count = max(least, len(header))
            raise UserError(
                f"Expected {count} column{'s' * (count > 1)} between "
                f"{_named(delimiter)} in every row. Received: {path}, line "
                f"{number}, with {len(row)}{_other_delimiter(header)}"
            )
    counts = collections.Counter(header)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise UserError(
            f"Expected each column once. Received: {path}, line {first}, with "
            f"{', '.join(twice)} several times"
        )
    return header, [
        (f"line {number}", dict(zip(header, row, strict=True)))
        for number, row in rest
    ]


def _other_delimiter(header):
    if len(header) > 1:
        return ""
    found = [word for sign, word in _SIGNS.items() if sign in header[0]]
    return f". Its header looks separated by {found[0]}" if found else ""


def _read_jsonl(path, text):
    objects = []
    for number, line in _numbered(text):
        place = f"line {number}"
        try:
            row = parse_json(line, finite=False, repeated=False)
        except ValueError as error:
            raise UserError(
                f"Expected one JSON object a line. Received: {path}, {place} "
                f"({error})"
            ) from error
        objects.append((place, row))
    return _alike(path, objects, "one JSON object with the same keys a line")


def _read_json(path, text):
    try:
        rows = parse_json(text, finite=False, repeated=False)
    except ValueError as error:
        raise UserError(
            f"Expected a JSON array of objects. Received: {path} ({error})"
        ) from error
    if not isinstance(rows, list):
        raise UserError(
            f"Expected a JSON array of objects. Received: {path}, with "
            f"{type(rows).__name__} at the top"
        )
    objects = [(f"row {n}", row) for n, row in enumerate(rows, start=1)]
    return _alike(path, objects, "a JSON array of objects with the same keys")


def _alike(path, objects, expected):
    """The objects, which must all have the keys of the first."""
    for place, row in objects:
        if not isinstance(row, dict) or row.keys() != objects[0][1].keys():
            raise UserError(f"Expected {expected}. Received: {path}, {place}")
    return objects


def _read_parquet(path, content):
    """Columns of texts, numbers, truth values and lists of texts or integers.

    Others are left out.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        schema = pyarrow.parquet.read_schema(io.BytesIO(content))
        texts = [x.name for x in schema if _is_text(x.type)]
        lists = [x.name for x in schema if _is_list(x.type)]
        names = [
            field.name
            for field in schema
            if field.name in (*texts, *lists)
            or pyarrow.types.is_primitive(field.type)
        ]
        if len(set(schema.names)) < len(schema.names):
            raise UserError(f"Expected each column once. Received: {path}")
        # One word may stand in all rows: it is kept once until its copies
        # are counted.
        stored = pyarrow.parquet.read_metadata(io.BytesIO(content)).schema
        paths = [stored.column(i).path for i in range(len(stored))]
        nested = [p for p in paths if p.partition(".")[0] in lists]
        file = pyarrow.parquet.ParquetFile(
            io.BytesIO(content), read_dictionary=[*texts, *nested]
        )
        groups = map(file.metadata.row_group, range(file.num_row_groups))
        packed = sum(group.total_byte_size for group in groups)
        _check_size(path, content, packed)
        rows, size = [], 0
        for batch in file.iter_batches(columns=names):
            size += sum(map(_unfolded_bytes, batch.columns))
            _check_size(path, content, size)
            rows += batch.to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise UserError(
            f"Expected a Parquet file. Received: {path} ({reason})"
        ) from error
    return names, [(f"row {n}", row) for n, row in enumerate(rows, start=1)]


def _is_text(kind):
    import pyarrow

    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    return kind in (pyarrow.string(), pyarrow.large_string())


def _is_list(kind):
    import pyarrow

    is_list = pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind)
    if not is_list:
        return False
    inner = kind.value_type
    return _is_text(inner) or pyarrow.types.is_integer(inner)


def _unfolded_bytes(column):
    """Bytes of a column's values, each of them counted."""
    import pyarrow
    import pyarrow.compute

    if _is_list(column.type):
        return _unfolded_bytes(column.flatten()) + 64 * len(column)
    if not pyarrow.types.is_dictionary(column.type):
        return column.nbytes + 8 * len(column)
    lengths = pyarrow.compute.binary_length(column.dictionary)
    total = pyarrow.compute.sum(lengths.take(column.indices)).as_py()
    return (total or 0) + 64 * len(column)


def _check_size(path, content, size):
    most = max(_SMALL, _LARGEST_RATIO * len(content))
    if size > most:
        raise UserError(
            f"Expected at most {most:,} bytes in it. Received: {path}, with "
            f"{size:,}"
        )


READERS: dict[str, Callable[..., Any]] = {
    ".tsv": _read_tsv,
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".json": _read_json,
    ".parquet": _read_parquet,
}
