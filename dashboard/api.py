"""What agents on devices talk to: enrol with a one-time code, fetch the cut of the snapshot, hand over exceptions.

Every question of a device is signed with the key that it made itself (`dashboard.signatures`); there are no cookies
here, so no form token either. Every answer carries the school's time (`Klaswacht-Now`) and, where a device asked, the
school's signature; errors are `{"error": ...}`. A device is believed about itself only: person, group and kind of
program are looked up here, and ordinary programs are never taken.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from threading import BoundedSemaphore, Lock
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException

from dashboard.access import keyed
from dashboard.actions.desk import Desk
from dashboard.auth import House
from dashboard.signatures import HEADER, Claim, Questions, SchoolKey
from dashboard.told import read_event
from dashboard.told_prints import read_job
from dashboard.views.watching import Live
from policy import signed
from policy.address import is_ip
from policy.codec import snapshot_to_dict
from policy.model import Device, Snapshot
from policy.printer import is_print_server
from policy.projection import changes_at, project
from policy.proof import NOBODY, genuine, is_public_key
from store import StoreUnavailable
from store.events import Event, What
from store.feed import Feed
from store.print_jobs import MOST

NOW_HEADER = "Klaswacht-Now"
LONGEST_WAIT = 20.0
MOST_EVENTS = 50
_LARGEST = 64 * 1024
WAITERS = 64
"""How many devices may wait for news at a time, two classes: each keeps a thread of the server meanwhile."""
_ASK_AGAIN = 3  # seconds, for a device that found no place to wait
_NAMES = 53  # the one port at which a device asks for names
_SEEN_EVERY = timedelta(minutes=5)


class Refusal(Exception):
    """An answer that is not what was asked for: `status` is HTTP's, `why` is for a person who looks at the agent."""

    def __init__(self, status: int, why: str, retry: int | None = None) -> None:
        super().__init__(why)
        self.status, self.why, self.retry = status, why, retry


api = Blueprint("api", __name__, url_prefix="/api/agent")


@api.record
def _open(state: BlueprintSetupState) -> None:
    house: House = state.app.extensions["klaswacht"]
    live: Live = state.app.extensions["klaswacht_live"]
    key: SchoolKey = state.app.extensions["klaswacht_answers"]
    state.app.extensions["klaswacht_counter"] = Counter(house.desk, live.feed, house.clock, key)


def counter() -> Counter:
    """Return the counter of the app that answers now."""
    found: Counter = current_app.extensions["klaswacht_counter"]
    return found


@api.post("/enroll")
@keyed
def enroll() -> Response:
    """Take the public key of a device for a one-time code."""
    return jsonify(counter().enrol(_body(), request.remote_addr or "unknown"))


@api.get("/snapshot")
@keyed
def snapshot() -> Response:
    """Give a device its cut of the snapshot, when it is newer than `revision`; `wait` for one that long (s)."""
    here = counter()
    return here.snapshot(here.device(), _number("revision"), min(_number("wait"), LONGEST_WAIT))


@api.post("/events")
@keyed
def events() -> Response:
    """Take exceptions from a device."""
    here = counter()
    return jsonify(here.events(here.device(), _body()))


@api.post("/print")
@keyed
def waiting_prints() -> Response:
    """Take the whole list of jobs that wait at a print server; answer which of them somebody said no to."""
    here = counter()
    return jsonify(here.prints(here.device(), _body()))


@api.post("/unenroll")
@keyed
def unenroll() -> Response:
    """Forget the keys of a device that takes itself out."""
    here = counter()
    here.leave(here.device())
    return jsonify(gone=True)


@api.errorhandler(Refusal)
def _refused(refusal: Refusal) -> Response:
    return _error(refusal.status, refusal.why, refusal.retry)


@api.errorhandler(StoreUnavailable)
def _away(_: StoreUnavailable) -> Response:
    return _error(503, "the database cannot be used now", _ASK_AGAIN)


@api.errorhandler(HTTPException)
def _wrong(problem: HTTPException) -> Response:
    return _error(problem.code or 400, problem.name.lower())


@api.after_request
def _stamp(response: Response) -> Response:
    response.headers[NOW_HEADER] = counter().now().isoformat()
    response.headers["Cache-Control"] = "no-store"
    asked: Claim | None = g.pop("klaswacht_asked", None)
    if asked is not None:
        response.headers[HEADER] = counter().signature(asked, response)
    return response


class Counter:
    """Where agents are served. Safe to share between threads."""

    def __init__(self, desk: Desk, feed: Feed, clock: Callable[[], datetime], key: SchoolKey) -> None:
        self._desk = desk
        self._feed = feed
        self._clock = clock
        self._key = key
        self._questions = Questions()
        self._places = BoundedSemaphore(WAITERS)
        self._seen: dict[str, datetime] = {}
        self._seen_lock = Lock()

    def now(self) -> datetime:
        """Return the school's time (UTC)."""
        return self._clock()

    def enrol(self, body: dict[str, Any], address: str) -> dict[str, Any]:
        """Take the public key of a device for a one-time code, and tell it the school's.

        It is handed the key that proves it on the network too, which is told this once.

        Raises:
            Refusal: the code is wrong, used or too old, or there were too many wrong ones from this address.
        """
        code, public_key, now, school = body.get("code"), body.get("public_key"), self._clock(), self._desk.school
        if not is_public_key(public_key):
            raise Refusal(400, "a public key of the device is needed; is its agent as new as the server?")
        if not isinstance(code, str) or not 4 <= len(code) <= 64:
            raise Refusal(400, "a code is needed")
        accounts, key = self._desk.store.accounts, f"enrol:{address}"
        tries = accounts.tries(school, key, now)
        if not tries.allowed:
            raise Refusal(429, "too many wrong codes; wait a while", int(tries.wait.total_seconds()) + 1)
        enrolled = self._desk.store.devices.enrol(school, code, now, public_key)
        if enrolled is None:
            accounts.failed(school, key, now)
            raise Refusal(403, "this code is wrong, used or too old; ask for a new one")
        accounts.cleared(school, key)
        language = self._desk.settings.language
        told = {"device": enrolled.device, "key": enrolled.key, "school": school, "language": language}
        return {**told, "school_key": self._key.public}

    def device(self) -> Device:
        """Return the device that asks.

        Raises:
            Refusal: it does not prove itself or is not registered any more (401), or its question is old, or was asked
            before (425): then it may ask again by the time that it is told.
        """
        claim = Claim.read(request.headers.get("Authorization", ""))
        request.max_content_length = _LARGEST
        body = request.get_data()
        if claim is None:
            raise _stranger()
        school, found = self._desk.school, self._snapshot().devices.get(claim.device)
        public_key = self._desk.store.devices.public_key(school, claim.device)
        query = request.query_string.decode("latin-1")
        path = f"{request.path}?{query}" if query else request.path
        asked = signed.question(school, claim.device, request.method, path, body, claim.number, claim.nonce)
        # Looked at for an unknown device too, so that time does not tell which ids there are.
        fits = genuine(public_key or NOBODY, asked, claim.signature)
        if found is None or not public_key or not fits:
            raise _stranger()
        if not self._questions.new(claim, self._clock()):
            raise Refusal(425, "this question is not of now, or was asked before")
        g.klaswacht_asked = claim
        self._saw(found.id)
        return found

    def signature(self, asked: Claim, answer: Response) -> str:
        """Sign an answer to a device: what it says, to which question, and when."""
        now, revision = answer.headers[NOW_HEADER], g.pop("klaswacht_revision", 0)
        to = (self._desk.school, asked.device, asked.nonce)
        return self._key.sign(signed.answer(*to, now, answer.status_code, revision, answer.get_data()))

    def leave(self, device: Device) -> None:
        """End the keys of a device; it stays in the register."""
        self._desk.store.devices.unenrol(self._desk.school, device.id, self._clock())

    def snapshot(self, device: Device, revision: int, wait: float) -> Response:
        """Answer with the cut of the newest snapshot, or with 204 while `revision` is the newest.

        At most some devices may wait at a time, so that a class of laptops never takes all the threads of the dashboard
        from the teachers; the others are told to ask again (`Retry-After`, seconds).
        """
        newest = self._snapshot()
        placed = True
        if newest.revision == revision and wait > 0:
            placed = self._places.acquire(blocking=False)
            if placed:
                try:
                    self._feed.wait(wait, after=revision)
                finally:
                    self._places.release()
                newest = self._snapshot()
                if device.id not in newest.devices:
                    raise _stranger()
        if newest.revision == revision:
            answer = Response(status=204)
            if not placed:
                answer.headers["Retry-After"] = str(_ASK_AGAIN)
            return answer
        now = self._clock()
        g.klaswacht_revision = newest.revision
        again = changes_at(newest, device.id, now)
        return jsonify(
            v=1,
            now=now.isoformat(),
            again=again.isoformat() if again else None,
            guard=self._guard(),
            snapshot=snapshot_to_dict(project(newest, device.id, now)),
        )

    def _guard(self) -> dict[str, Any]:
        """How a device reaches the guard's proxy, to say there that it is here; no host: as it reaches this server.

        `reach`: the school said so itself. `dns` are the name servers that a device of the school asks, where it said.
        """
        listen = self._desk.settings.listen
        beside = "" if ip_address(listen.address).is_unspecified else listen.address
        proxies = [[host, listen.proxy] for host in listen.reach or (beside,)]
        dns = [one for one in listen.reach if is_ip(one)] if listen.dns == _NAMES else []
        return {
            "host": listen.pupils_host,
            "proxies": proxies,
            "page": listen.page,
            "reach": bool(listen.reach),
            "dns": dns,
        }

    def events(self, device: Device, body: dict[str, Any]) -> dict[str, int]:
        """Write a batch of exceptions; what is none or cannot be is refused one by one and counted as lost.

        Raises:
            Refusal: the batch as a whole is no batch.
        """
        given, lost = body.get("events"), body.get("lost", 0)
        if not isinstance(given, list) or len(given) > MOST_EVENTS:
            raise Refusal(400, f"`events` is a list of at most {MOST_EVENTS}")
        if not isinstance(lost, int) or not 0 <= lost <= 1_000_000:
            raise Refusal(400, "`lost` is a number")
        snapshot, now = self._snapshot(), self._clock()
        made = [read_event(one, device, snapshot, now) for one in given]
        taken = [event for event in made if event is not None and self._given(event)]
        refused = len(made) - len(taken)
        self._desk.store.events.add_batch(self._desk.school, taken, now, lost=lost + refused)
        return {"taken": len(taken), "refused": refused}

    def prints(self, device: Device, body: dict[str, Any]) -> dict[str, list[str]]:
        """Keep which jobs wait at a print server now, and tell which of them were refused (`no`).

        Raises:
            Refusal: the school knows no print server of this name (403), or the list is none.
        """
        if not is_print_server(device):
            raise Refusal(403, "this device is no print server; the coordinator can say that it is")
        given = body.get("jobs")
        if not isinstance(given, list) or len(given) > MOST:
            raise Refusal(400, f"`jobs` is a list of at most {MOST}")
        snapshot, now = self._snapshot(), self._clock()
        read = [read_job(one, device, snapshot, now) for one in given]
        jobs = [one for one in read if one is not None]
        return {"no": sorted(self._desk.store.print_jobs.tell(self._desk.school, device.id, jobs))}

    def _given(self, event: Event) -> bool:
        """Whether the permission that an event rests on was ever given."""
        if event.what is not What.GRANTED:
            return True
        return bool(event.grant) and self._desk.store.grants.get(self._desk.school, event.grant or "") is not None

    def _snapshot(self) -> Snapshot:
        return self._desk.snapshot(self._clock())

    def _saw(self, device: str) -> None:
        now = self._clock()
        with self._seen_lock:
            last = self._seen.get(device)
            if last is not None and now - last < _SEEN_EVERY:
                return
            self._seen[device] = now
        self._desk.store.devices.seen(self._desk.school, {device: now})


def _stranger() -> Refusal:
    return Refusal(401, "this device is not known here; enrol it again")


def _body() -> dict[str, Any]:
    request.max_content_length = _LARGEST
    try:
        found = request.get_json()
    except RecursionError:
        raise Refusal(400, "the body is too deep") from None
    if not isinstance(found, dict):
        raise Refusal(400, "the body is no object")
    return found


def _number(name: str) -> int:
    text = request.args.get(name, "0").partition(".")[0]
    if not text.isascii() or not text.isdecimal() or len(text) > 16:
        raise Refusal(400, f"`{name}` is a number")
    return int(text)


def _error(status: int, why: str, retry: int | None = None) -> Response:
    answer = jsonify(error=why)
    answer.status_code = status
    if retry is not None:
        answer.headers["Retry-After"] = str(retry)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Klaswacht"
    return answer
