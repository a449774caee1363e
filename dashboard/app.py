"""The dashboard as one Flask app. Everything it is made of is handed in; nothing is looked up in the environment."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from traceback import extract_tb
from typing import IO

from flask import Flask, Request, Response, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from config.settings import Settings
from dashboard import passwords
from dashboard.access import matrix, public
from dashboard.actions.chromebooks import Parcels
from dashboard.actions.desk import Desk
from dashboard.actions.health import Vitals
from dashboard.actions.otherlists import OtherLists
from dashboard.actions.preview import Peek
from dashboard.actions.rules_file import BoxFile
from dashboard.api import api
from dashboard.auth import House, guard_doors
from dashboard.board import keep_from_the_class
from dashboard.oidc import Desks
from dashboard.packed import pack
from dashboard.seal import KEY_BYTES, Seal
from dashboard.shield import protect
from dashboard.signatures import SchoolKey
from dashboard.stream import Streams
from dashboard.views import (
    account,
    agreement,
    ban_proposals,
    begin,
    counsellors,
    devices,
    emergency,
    exports,
    health,
    inbox,
    intake,
    leaving,
    lesson,
    measures,
    new_year,
    numbers,
    oidc,
    password,
    people,
    permission,
    prepared,
    preview,
    proving,
    readiness,
    refusals,
    registers,
    reports,
    rules,
    school_accounts,
    signin,
    signing,
    sitekinds,
    staff_permits,
    substitute,
    trail,
    trial,
    versions,
    watching,
    week,
    year,
)
from policy.model import Knowledge
from store import Store, StoreUnavailable
from store.feed import Feed

LARGEST_FORM = 64 * 1024
LARGEST_BATCH = 1024 * 1024
_log = logging.getLogger("klaswacht.dashboard")


class NothingOnDisk(Request):
    """A request whose uploads stay in memory: werkzeug writes larger ones to a file, and we keep nothing."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()  # bounded by MAX_CONTENT_LENGTH


def create_app(
    store: Store,
    knowledge: Knowledge,
    school: str,
    settings: Settings,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    secret: bytes | None = None,
    ca_file: Path | None = None,
    peek: Peek | None = None,
    seal: bytes | None = None,
    others: OtherLists | None = None,
    school_file: BoxFile | None = None,
    vitals: Vitals | None = None,
    answers: bytes | None = None,
    chromebooks: Parcels | None = None,
) -> Flask:
    """The app, in the process that serves it: call it after a fork, one process with many threads.

    `school` is the school's id, `clock` gives aware UTC, `secret` is for form tokens (None: a fresh one, so that open
    pages must be loaded again after a restart). `ca_file` is the school's public certificate for download. `peek`
    looks at a page for the preview (None: nothing does), `others` are the lists that the school subscribes to,
    `school_file` is the `school.yaml` on the box. `seal` is the 32 bytes that second factors are sealed with (None:
    fresh ones, of no use after a restart). `vitals` is where the supervisor says how it is. `answers` is the 32
    bytes of the key that signs what devices are answered (None: fresh ones, which no device trusts after a restart).
    `chromebooks` makes what a coordinator uploads for Chromebooks (None: nothing does). `store` has its accounts
    opened.

    Raises:
        LookupError: a route does not say who may use it.
    """
    app = Flask("dashboard", root_path=str(Path(__file__).parent))
    app.request_class = NothingOnDisk
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_BATCH, MAX_FORM_MEMORY_SIZE=LARGEST_FORM, MAX_FORM_PARTS=400)
    desk = Desk(store, knowledge, school, settings)
    app.extensions["klaswacht"] = House(
        desk, clock, secret or secrets.token_bytes(32), Seal(seal or secrets.token_bytes(KEY_BYTES))
    )
    app.extensions["klaswacht_live"] = watching.Live(Feed(store, school), Streams())
    app.extensions["klaswacht_answers"] = SchoolKey(answers or secrets.token_bytes(KEY_BYTES))
    app.extensions["klaswacht_ca"] = ca_file
    app.extensions["klaswacht_peek"] = peek
    app.extensions["klaswacht_vitals"] = vitals
    app.extensions["klaswacht_lists"] = others
    app.extensions["klaswacht_file"] = school_file
    app.extensions["klaswacht_chromebooks"] = chromebooks
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.view_functions["static"] = public(app.view_functions["static"])
    for page in (
        signin.pages,
        oidc.pages,
        school_accounts.pages,
        substitute.door,
        substitute.pages,
        password.pages,
        proving.pages,
        account.pages,
        account.desk_pages,
        lesson.pages,
        leaving.pages,
        permission.pages,
        prepared.pages,
        preview.pages,
        agreement.pages,
        inbox.pages,
        people.pages,  # with those of `views.office`, whose forms they are
        devices.pages,
        begin.pages,
        intake.pages,
        exports.pages,
        new_year.pages,
        trial.pages,
        week.pages,
        year.pages,
        versions.pages,
        sitekinds.pages,
        refusals.pages,
        emergency.pages,
        health.pages,
        readiness.pages,
        rules.pages,
        measures.pages,
        numbers.pages,
        trail.pages,
        counsellors.pages,
        staff_permits.pages,
        ban_proposals.pages,
        registers.pages,
        reports.pages,
        signing.code_pages,
        signing.pages,
        api,
    ):
        app.register_blueprint(page)
    oidc.prepare(app, Desks(settings), app.extensions["klaswacht"].secret)
    guard_doors(app)
    keep_from_the_class(app)
    proving.ask_again(app)
    app.after_request(protect)
    readiness.count_answers(app)
    app.after_request(pack)
    app.register_error_handler(HTTPException, _problem)
    app.register_error_handler(StoreUnavailable, _store_away)
    app.register_error_handler(Exception, _surprise)
    passwords.prepare()
    matrix(app)
    return app


def close_app(app: Flask) -> None:
    """End the live streams, and what is asked of providers, for a server that stops."""
    live: watching.Live = app.extensions["klaswacht_live"]
    live.close()
    providers: Desks = app.extensions["klaswacht_oidc"]
    providers.close()


def _problem(error: HTTPException) -> Response:
    """A friendly page for every refusal; devices and background requests get the bare code."""
    code = error.code or 500
    if request.blueprint == "api" or "text/html" not in request.headers.get("Accept", "text/html"):
        return Response(status=code)
    return Response(render_template("problem.html", code=code), status=code, mimetype="text/html")


def _store_away(error: StoreUnavailable) -> Response:
    _log.warning("the store is away: %s", error)
    return _problem(ServiceUnavailable())


def _surprise(error: Exception) -> Response:
    """Nothing of the error reaches the screen. The log names the place; an error's own words may quote a form."""
    places = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(extract_tb(error.__traceback__)[-4:]))
    _log.error("a view failed: %s at %s", type(error).__name__, places)
    return _problem(InternalServerError())
