"""Which kind of browser somebody uses, coarsely: enough to know one's own again, too little to follow anybody."""

from __future__ import annotations

_BROWSERS = (("Edg", "Edge"), ("Firefox/", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome/", "Chrome"))
_SYSTEMS = (
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def kind(user_agent: str) -> str:
    """A label such as `Chrome|ChromeOS`, of a `User-Agent`; a part that is not known is empty."""
    told = user_agent[:500]
    browser = next((name for mark, name in _BROWSERS if mark in told), "Safari" if "Safari/" in told else "")
    return f"{browser}|{next((name for mark, name in _SYSTEMS if mark in told), '')}"
