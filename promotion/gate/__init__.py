"""From evidence and policy to a verdict: promote, reject, inconclusive or error, and why."""
