"""Whether two values are the same in type, dtype, shape, index and content, NaN being equal to NaN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse


def assert_same(got: Any, want: Any) -> None:
    assert type(got) is type(want), (type(got), type(want))
    if isinstance(want, pd.DataFrame):
        pd.testing.assert_frame_equal(got, want, check_exact=True, check_column_type="exact", check_freq=True)
        assert [str(d) for d in got.dtypes] == [str(d) for d in want.dtypes]
        assert got.index.dtype == want.index.dtype
        assert got.columns.dtype == want.columns.dtype
    elif isinstance(want, pd.Series):
        pd.testing.assert_series_equal(got, want, check_exact=True)
    elif isinstance(want, pd.Index):
        pd.testing.assert_index_equal(got, want, exact=True)
    elif isinstance(want, np.ndarray):
        _assert_arrays(got, want)
    elif sparse.issparse(want):
        assert got.format == want.format
        assert got.shape == want.shape
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got.toarray(), want.toarray())
    elif isinstance(want, dict):
        assert list(got) == list(want)
        assert_same(list(got.values()), list(want.values()))
    else:
        _assert_plain(got, want)


def _assert_plain(got: Any, want: Any) -> None:
    if isinstance(want, list | tuple):
        assert len(got) == len(want)
        for a, b in zip(got, want, strict=True):
            assert_same(a, b)
    elif isinstance(want, float) and math.isnan(want):
        assert math.isnan(got)
    elif want is pd.NA or want is pd.NaT:
        assert got is want
    else:
        assert got == want or (got != got and want != want)  # noqa: PLR0124


def _assert_arrays(got: np.ndarray, want: np.ndarray) -> None:
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if want.dtype == object:
        for a, b in zip(got.ravel(), want.ravel(), strict=True):
            assert_same(a, b)
    elif isinstance(want, np.ma.MaskedArray):
        np.testing.assert_array_equal(got.mask, want.mask)
        np.testing.assert_array_equal(got.filled(0), want.filled(0))
    else:
        np.testing.assert_array_equal(got, want)
