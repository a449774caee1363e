"""Administration: Flask screens for staff. `create_app` puts it together; `actions` is Flask-free.

The app is imported when it is asked for, so that who only wants an action does not load a web server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dashboard.app import close_app, create_app

__all__ = ["close_app", "create_app"]


def __getattr__(name: str) -> Any:
    """Import the app on first use."""
    if name in __all__:
        from dashboard import app

        return getattr(app, name)
    raise AttributeError(name)
