"""The lowest of the rows around each, against a plain twin."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.series.slow import _lowest


@pytest.mark.parametrize("reach", [1, 2, 25, 50])
@pytest.mark.parametrize("count", [1, 2, 10, 60, 401])
def test_the_lowest_around_equals_its_twin(count: int, reach: int) -> None:
    values = np.random.default_rng(count).standard_normal((count, 3))
    twin = np.stack([values[max(0, n - reach) : n + reach + 1].min(axis=0) for n in range(count)])
    assert np.array_equal(_lowest(values, reach), twin)
