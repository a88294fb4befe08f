"""The sign test that may be looked at after every row: is the canary shown to be worse at all?"""

from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln
from scipy.stats import beta


def harm_log_e_value(b: ArrayLike, c: ArrayLike) -> NDArray[np.float64]:
    """ln E against H0: a row that one revision alone has right is as often the canary's as stable's.

    E = 2^(b + c + 1) Beta(b + 1, c + 1) I_1/2(c + 1, b + 1): the likelihood ratio to 1/2, averaged over all chances
    above 1/2 that such a row is lost. b: rows that only stable has right; c: rows that only the canary has right; of
    the shape that they broadcast to. Under H0 E reaches 1 / alpha in at most alpha of all runs, however long they are
    and however often one looks (Ville's inequality).
    """
    lost, gained = np.asarray(b, dtype=np.float64), np.asarray(c, dtype=np.float64)
    log_upper_half = beta.logsf(0.5, lost + 1, gained + 1)
    return np.asarray((lost + gained + 1) * log(2) + betaln(lost + 1, gained + 1) + log_upper_half, dtype=np.float64)


def shows_harm_anytime(b: ArrayLike, c: ArrayLike, alpha: float) -> NDArray[np.bool_]:
    """Whether the e-value of harm is at least 1 / alpha. Raises ValueError unless 0 < alpha < 1."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; expected a share between 0 and 1")
    return harm_log_e_value(b, c) >= -log(alpha)
