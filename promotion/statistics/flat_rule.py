"""The flat rule: Tango's test that may be looked at after every row, up to a horizon that is fixed beforehand.

An O'Brien-Fleming boundary (O'Brien and Fleming 1979, Biometrics 35:549) in closed form: what Z has to reach falls from
far above the fixed test's value to z(1 - alpha / 2) at the horizon. The level is alpha / 2 twice, as a Brownian motion
passes a line before the end twice as often as it ends above it.
"""

from dataclasses import dataclass
from math import ceil, exp

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from promotion.statistics.row_floor import row_floor
from promotion.statistics.tango import tango_z_values


@dataclass(frozen=True, slots=True)
class FlatRule:
    """Promote at a row n, floor <= n <= horizon, once Z >= z(1 - alpha / 2) sqrt(horizon / n).

    At most alpha of the canaries that are worse by the whole margin are promoted, whatever the disagreement and however
    often one looks (at alpha 0.05 2.9 to 4.8 %, exactly; 6.0 % where the disagreement jumps from 3 to 15 % half-way:
    `EProcess` is for that). The horizon is part of the test: one that is
    lengthened, or cut short to the row looked at, promotes more. Giving up early is free.
    """

    margin: float
    alpha: float
    floor: int
    """Fewest rows."""
    horizon: int
    """Most rows."""

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1 or not 0 < self.alpha < 0.5 or not 0 < self.floor <= self.horizon:
            raise ValueError(f"{self}; expected 0 < margin < 1, 0 < alpha < 0.5 and 0 < floor <= horizon")

    @classmethod
    def planned(cls, *, margin: float, alpha: float, power: float, disagreement: float) -> "FlatRule":
        """The rule whose horizon gives about `power` for an equal canary where rows are disagreed on as planned.

        horizon = ceil(eta^2 disagreement / margin^2 + 3 / margin), with eta from `drift_for_power`. A planned
        disagreement that is too low costs power, not validity. Raises ValueError as `row_floor` does.
        """
        floor = row_floor(margin, alpha)
        rows = ceil(drift_for_power(alpha, power) ** 2 * disagreement / margin**2 + 3 / margin)
        return cls(margin=margin, alpha=alpha, floor=floor, horizon=max(floor, rows))

    def promotes(self, b: ArrayLike, c: ArrayLike, n: ArrayLike) -> NDArray[np.bool_]:
        """Whether n rows promote, b of them lost and c gained; of the shape that the counts broadcast to."""
        rows = np.asarray(n)
        needed = norm.isf(self.alpha / 2) * np.sqrt(self.horizon / rows)
        shown: NDArray[np.bool_] = tango_z_values(b, c, rows, self.margin) >= needed
        return shown & (self.floor <= rows) & (rows <= self.horizon)


def drift_for_power(alpha: float, power: float) -> float:
    """The drift at which a Brownian motion on 0..1 passes the line z = z(1 - alpha / 2) with probability `power`.

    The root eta of Phi(eta - z) + exp(2 eta z) Phi(-eta - z) = power: 3.0231548 for alpha = 0.05 and power 0.9.
    Raises ValueError unless alpha < power < 1.
    """
    if not 0 < alpha < power < 1:
        raise ValueError(f"alpha is {alpha} and power {power}; expected 0 < alpha < power < 1")
    z = float(norm.isf(alpha / 2))

    def excess(eta: float) -> float:
        return float(norm.cdf(eta - z) + exp(2 * eta * z + norm.logcdf(-eta - z))) - power

    return float(brentq(excess, 0.0, z + float(norm.isf((1 - power) / 2)), xtol=1e-12))
