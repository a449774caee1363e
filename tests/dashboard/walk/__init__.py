"""The security walk: what a stranger, a colleague of another group and a pupil try, on every route of the map.

Nothing here names a route that could be read from the app: a new route is walked by itself, and shows in
`docs/security/routes.md` (`python -m tests.dashboard.walk --write`).
"""
