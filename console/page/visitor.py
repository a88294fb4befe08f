"""Who looks at the page, asked when something is done there: the page stays open for longer than a key may be valid."""

from nicegui import ui

from access.scopes import Scope

PAGE = "the console's page"


def acting(scope: Scope) -> str:
    """In whose name the page does now what takes `scope`. Raises KeyRefused and ScopeMissing.

    To be called where elements can be made, in a handler of an event.
    """
    request = ui.context.client.request
    visitor = getattr(request.state, "visitor", None)
    return f"{visitor.check(scope)} at {PAGE}" if visitor else PAGE


def is_signed_in() -> bool:
    """Whether there is somebody who can sign out."""
    return getattr(ui.context.client.request.state, "visitor", None) is not None
