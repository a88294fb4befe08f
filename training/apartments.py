"""A made-up data set of numbers and categories: apartments, whether they are let soon, and for how much.

Each row is drawn independently, with one seed: area (m², log-normal), rooms (one for every 28 m², give or take one),
the year of building, the district and the kind of heating. The rent in a month is

    12 * area ** 0.95 * district * heating * (1 + 0.002 * (year - 1970)), times a log-normal error of 10 %,

with a factor for each district and heating; `soon` is "yes" with the probability 1 / (1 + exp(3 * (asked - 1))), where
`asked` is the rent that is asked for, as a share of the expected one (log-normal, 40 %). `apartments` has the label
`soon` and the rent asked among its features; `rents` has the rent as its label. Nothing in it is about anybody.
"""

from collections.abc import Mapping

import numpy as np

from dataset import LabelledRows
from training.embedded_data import split_by_content

ROWS = 1500
HOLDOUT_ROWS = 500
SEED = 20261121
DISTRICTS = {"harbour": 1.3, "hillside": 1.15, "old town": 1.45, "outskirts": 0.8, "station": 0.95}
HEATINGS = {"coal": 0.8, "district heating": 1.05, "gas": 1.0}


def load_apartment_parts() -> Mapping[str, LabelledRows]:
    """`train` (1,000 rows: 4 numbers, 2 categories) and `holdout` (500 rows); the label `soon` is `yes` or `no`."""
    return split_by_content(_make_rows(is_regression=False), HOLDOUT_ROWS)


def load_rent_parts() -> Mapping[str, LabelledRows]:
    """`train` (1,000 rows: 3 numbers, 2 categories) and `holdout` (500 rows); the label `rent` is a number."""
    return split_by_content(_make_rows(is_regression=True), HOLDOUT_ROWS)


def _make_rows(*, is_regression: bool) -> LabelledRows:
    random = np.random.default_rng(SEED)
    area = np.round(np.exp(random.normal(4.2, 0.4, ROWS)), 1)
    rooms = np.maximum(1, np.round(area / 28) + random.integers(-1, 2, ROWS))
    year = random.integers(1890, 2025, ROWS)
    district, heating = random.integers(0, len(DISTRICTS), ROWS), random.integers(0, len(HEATINGS), ROWS)
    factors = np.array(list(DISTRICTS.values()))[district] * np.array(list(HEATINGS.values()))[heating]
    expected = 12 * area**0.95 * factors * (1 + 0.002 * (year - 1970))
    rent = np.round(expected * np.exp(random.normal(0, 0.1, ROWS)))
    asked = np.exp(random.normal(0, 0.4, ROWS))
    is_soon = random.random(ROWS) < 1 / (1 + np.exp(3 * (asked - 1)))
    columns = {"area": area, "rooms": rooms, "year": year, "district": district, "heating": heating}
    if not is_regression:
        columns["asked"] = np.round(expected * asked)
    return LabelledRows(
        name="rents" if is_regression else "apartments",
        features=np.column_stack([column.astype(np.float64) for column in columns.values()]),
        labels=tuple(f"{value:g}" for value in rent)
        if is_regression
        else tuple("yes" if soon else "no" for soon in is_soon),
        feature_names=tuple(columns),
        output_feature="rent" if is_regression else "soon",
        title="Made-up apartments",
        categories={"district": tuple(DISTRICTS), "heating": tuple(HEATINGS)},
    )
