"""Several processes that serve as one: the ports, the signals and the sums are shared, nothing else is.

supervisor.py       the parent: holds the ports, starts workers, replaces those that die, ends them; it has no model
worker.py           the whole of one worker, from its exec to its end, for the supervisor
crew.py             what a serving process is part of: alone, or one of several
model_set.py        the models that all workers have, and what becomes of them when they change
model_changes.py    the same models in all of them: every change is proposed by each, then made by all
counts.py           what a process counted, as it is told to others and added up
channel.py          messages between supervisor and worker, over a socket that closes when either dies
"""
