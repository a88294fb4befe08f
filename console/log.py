"""The log of a console: one logger. The program says where its lines go and how they look (assay/commands/console.py).

What is passed as `extra={"fields": {...}}` is for a log that has fields; the message says it for a person, too.
"""

LOG = "assay.console"
"""Name of the logger."""
