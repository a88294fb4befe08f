"""What can stop the demo.

DemoFailed    a step did not come out as it should; the message says which and why
"""


class DemoFailed(Exception):
    """A step of the demo did not come out as it should."""
