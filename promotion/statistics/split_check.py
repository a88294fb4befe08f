"""Was the split what was asked? A sample ratio mismatch means that something else than the weights chose the rows."""

from scipy.stats import binomtest


def split_p_value(stable_requests: int, canary_requests: int, canary_percent: float) -> float:
    """P-value of the observed request counts against the asked split; alarm below 0.001.

    The exact two-sided binomial test. Where counts are large it is the chi-square test on one degree of freedom;
    where the canary is sent few requests, as in the first steps of a rollout, chi-square alarms too often: at 5 % it
    is below 0.001 in 0.34 % of the epochs of 40 requests and in 0.15 % of those of 100.
    Counts are those of one weight epoch, without warm-up and retries.
    Corners: no requests contradict no split (1.0); at 0 % and 100 % there is no chance, so that one request on the
    wrong side gives 0.0 and none gives 1.0.
    Raises ValueError for a negative count or a percentage outside 0..100.
    """
    if stable_requests < 0 or canary_requests < 0:
        raise ValueError(f"{stable_requests} and {canary_requests} requests; expected counts of at least 0")
    if not 0 <= canary_percent <= 100:
        raise ValueError(f"canary_percent is {canary_percent}; expected 0..100")
    requests = stable_requests + canary_requests
    if requests == 0:
        return 1.0
    if canary_percent in (0, 100):
        expected = requests if canary_percent == 100 else 0
        return 1.0 if canary_requests == expected else 0.0
    return float(binomtest(canary_requests, requests, canary_percent / 100).pvalue)
