"""Indexes of pandas, and the frames and series around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mdeploy_lab.values.bounds import MAX_RANGE
from mdeploy_lab.values.columns import index_values

if TYPE_CHECKING:
    from mdeploy_lab.values.tree import Packer, Unpacker


def pack_frame(frame: Any, packer: Packer) -> dict[str, Any]:
    """Take a DataFrame apart: labels, index, columns."""
    labels = [str(label) for label in frame.columns]
    columns = [packer.part(index_values(frame.iloc[:, i]), name=labels[i]) for i in range(frame.shape[1])]
    return {
        "k": "frame",
        "labels": pack_labels(frame.columns, packer),
        "index": pack_index(frame.index, packer),
        "columns": columns,
    }


def unpack_frame(tree: dict[str, Any], unpacker: Unpacker) -> Any:
    """Build the DataFrame."""
    import pandas as pd

    columns = [unpacker.part(said) for said in tree["columns"]]
    index = unpack_index(tree["index"], unpacker)
    if any(len(column) != len(index) for column in columns):
        raise ValueError("columns and index differ in length")
    series = {i: pd.Series(values, index=index, dtype=values.dtype, copy=False) for i, values in enumerate(columns)}
    frame = pd.DataFrame(series, index=index, copy=False)
    frame.columns = unpack_labels(tree["labels"], unpacker)
    return frame


def pack_series(series: Any, packer: Packer) -> dict[str, Any]:
    """Take a Series apart: name, index, values."""
    return {
        "k": "series",
        "name": packer.scalar(series.name),
        "index": pack_index(series.index, packer),
        "values": packer.part(index_values(series), name=str(series.name)),
    }


def unpack_series(tree: dict[str, Any], unpacker: Unpacker) -> Any:
    """Build the Series."""
    import pandas as pd

    values = unpacker.part(tree["values"])
    index = unpack_index(tree["index"], unpacker)
    if len(values) != len(index):
        raise ValueError("values and index differ in length")
    return pd.Series(values, index=index, dtype=values.dtype, name=unpacker.unpack(tree["name"]), copy=False)


def pack_index(index: Any, packer: Packer) -> dict[str, Any]:
    """Take an index apart; a range costs nothing."""
    import pandas as pd

    names = [packer.scalar(name) for name in index.names]
    if isinstance(index, pd.RangeIndex):
        return {"range": [index.start, index.stop, index.step], "names": names}
    if isinstance(index, pd.MultiIndex):
        levels = [
            packer.part(pd.Categorical.from_codes(codes, categories=level), name=f"index {i}")
            for i, (codes, level) in enumerate(zip(index.codes, index.levels, strict=True))
        ]
        return {"multi": levels, "names": names}
    freq = getattr(index, "freqstr", None) if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) else None
    return {"flat": packer.part(index_values(index), name="index"), "names": names, "freq": freq}


def unpack_index(tree: dict[str, Any], unpacker: Unpacker) -> Any:
    """Build the index."""
    import pandas as pd

    names = [unpacker.unpack(name) for name in tree["names"]]
    if "range" in tree:
        index = pd.RangeIndex(*tree["range"], name=names[0])
        if len(index) > MAX_RANGE:
            raise ValueError("a range of too many rows")
        return index
    if "multi" in tree:
        found = [unpacker.part(said) for said in tree["multi"]]
        return pd.MultiIndex([c.categories for c in found], [c.codes for c in found], names=names)
    values = unpacker.part(tree["flat"])
    index = pd.Index(values, dtype=values.dtype, name=names[0], tupleize_cols=False)
    if tree.get("freq"):
        index.freq = tree["freq"]
    return index


def pack_labels(index: Any, packer: Packer) -> dict[str, Any]:
    """Take column labels apart; they are few, so they travel as JSON."""
    import pandas as pd

    if isinstance(index, pd.RangeIndex | pd.MultiIndex):
        if isinstance(index, pd.RangeIndex):
            return pack_index(index, packer)
        levels = [pack_labels(index.get_level_values(i), packer) for i in range(index.nlevels)]
        return {"levels": levels, "names": [packer.scalar(name) for name in index.names]}
    inline = type(packer)(inline=True)
    return {
        "list": [inline.pack(label) for label in index],
        "dtype": str(index.dtype),
        "names": [packer.scalar(name) for name in index.names],
    }


def unpack_labels(tree: dict[str, Any], unpacker: Unpacker) -> Any:
    """Build column labels."""
    import pandas as pd

    if "range" in tree:
        return unpack_index(tree, unpacker)
    names = [unpacker.unpack(name) for name in tree["names"]]
    if "levels" in tree:
        return pd.MultiIndex.from_arrays([unpack_labels(level, unpacker) for level in tree["levels"]], names=names)
    labels = [unpacker.unpack(label) for label in tree["list"]]
    if tree["dtype"] == "category":
        return pd.CategoricalIndex(labels, name=names[0])
    return pd.Index(labels, dtype=tree["dtype"], name=names[0], tupleize_cols=False)
