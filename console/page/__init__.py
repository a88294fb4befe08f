"""The console's page, for people: try the model, follow a rollout, compare experiments, look at data and predictions.

NiceGUI serves it from the console's own process, with everything that a browser needs (no CDN, no fonts from
elsewhere). The page decides nothing and keeps nothing: it shows what the console's services read, and asks them.
Whatever comes from data goes through a template that escapes it (fragments.py).
"""

from console.page.mount import add_page

__all__ = ["add_page"]
