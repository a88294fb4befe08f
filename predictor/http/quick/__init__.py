"""Inference without a thread: quick models answer on the event loop, all requests of one turn of it in one run.

    connection (fast_protocol.py) -> heads.py -> turns.py: bodies.py -> one run of the model -> answers.py -> connection

Most requests of a client differ in their numbers alone. So what surrounds the numbers, the head of a request and the
text of its body, is read once, by the same functions as everywhere else, and kept as a form; from then on a request of
that form costs reading its numbers. Nothing here refuses a request or words an error: whatever is not plainly in order,
and whatever the model does not answer, takes the ordinary way from its first byte on.
"""
