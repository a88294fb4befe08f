"""What is around every view: its heading, the way to the others, light or dark, and what is said while it waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nicegui import ui
from starlette.requests import Request

from console.http.door_scopes import SIGN_OUT
from console.page.fragments import render
from console.page.visitor import is_signed_in

THEME_COOKIE = "assay-theme"
_STYLE = Path(__file__).parent / "style.css"
_VIEWS = (
    ("Try", "./"),
    ("Rollout", "./rollout"),
    ("Experiments", "./experiments"),
    ("Data", "./data"),
    ("Predictions", "./predictions"),
)
_THEMES: dict[str, bool | None] = {"system": None, "light": False, "dark": True}
_CHOSEN = f"""(event) => {{
  document.cookie = `{THEME_COOKIE}=${{event.target.value}}; path=/; max-age=31536000; samesite=lax`;
  emit(event.target.value);
}}"""


@contextmanager
def frame(request: Request, heading: str) -> Iterator[None]:
    """The page of one view, whose elements are made inside."""
    theme = request.cookies.get(THEME_COOKIE, "system")
    theme = theme if theme in _THEMES else "system"
    # As a style, because NiceGUI makes a script of what add_css is given, and no such script may run.
    ui.add_head_html(f"<style>{_STYLE.read_text(encoding='utf-8')}</style>")
    dark = ui.dark_mode(_THEMES[theme])
    with ui.header(fixed=False, elevated=False).classes("top"):
        ui.html(render("brand.html"), sanitize=False)
        ui.html(render("navigation.html", views=_VIEWS, heading=heading), sanitize=False, tag="nav").props(
            'aria-label="Views"'
        )
        ui.html(render("theme.html", themes=tuple(_THEMES), chosen=theme), sanitize=False).on(
            "change", lambda event: dark.set_value(_THEMES.get(str(event.args))), js_handler=_CHOSEN
        )
        if is_signed_in():
            ui.html(render("sign_out.html", action=SIGN_OUT), sanitize=False)
    view = ui.element("div").classes("view")
    with view:
        ui.html(render("heading.html", heading=heading), sanitize=False)
        yield
    ui.skip_link("To the content", target=view)
