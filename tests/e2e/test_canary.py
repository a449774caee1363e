"""What people type is nobody's business: canaries go through the guard by every door, and are found nowhere after."""

from __future__ import annotations

import base64
import re
import ssl
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote_plus

import httpx
import psutil
import pytest

from cli import privacy, support
from cli.backup import contents, packing
from cli.backup.envelope import Opener
from cli.backup.locks import Private
from cli.demo.school import PASSWORD, STAFF, pupils
from policy.model import Grant, Role
from store.db import Database
from store.migrate import Chain, prove
from store.moving import TABLES
from tests.e2e.clients import Device, Refused
from tests.e2e.playground import Playground, playground

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]

WITHIN = 60.0  # seconds: a ceiling
ASKED = "kanarievraagregel"
"""A pupil's line to the teacher: meant to be kept, so finding it shows that the search would find the others."""

CANARIES = {
    name: f"kanarie{number:02}{name.replace(' ', '')}zq{number * 7919}"
    for number, name in enumerate(
        (
            "password over https",
            "password over http",
            "form over https",
            "form over http",
            "allowed search over https",
            "allowed search over http",
            "allowed search in a form",
            "stopped search",
            "search for help",
            "cookie",
            "authorization",
            "header",
            "path of a closed page",
            "query of a closed page",
            "chat message",
            "message into a closed chat",
            "file name",
            "file text",
            "json",
            "query of the page that asks",
            "report form field",
            "wrong password of a teacher",
            "password typed as a name",
            "wrong device key",
        ),
        1,
    )
}


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Playground, str]]:
    """A playground in which all canaries flew, stopped; and what the teacher's live stream said meanwhile."""
    with playground(tmp_path_factory.mktemp("canary")) as play:
        said = Stream(play)
        fly(play)
        wait_until(lambda: "kletsplein.test" in said.text, "the live stream told of the closed site")
        text = said.close()
        assert play.stop() == 0
        yield play, text


class Stream:
    """The teacher's live screen, listened to from before the first canary."""

    def __init__(self, play: Playground) -> None:
        self.text = ""
        self._client = dashboard(play)
        page = self._client.get("/inloggen").text
        self._client.post("/inloggen", data={"login": "anja", "password": PASSWORD, "csrf": csrf(page)})
        self._open = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        assert self._open.wait(WITHIN)

    def _listen(self) -> None:
        try:
            with self._client.stream("GET", "/les/7/stroom?namen=1", timeout=5) as answer:
                assert answer.status_code == 200
                self._open.set()
                for piece in answer.iter_text():
                    self.text += piece
                    if self._stop.is_set():
                        return
        except httpx.HTTPError:
            return

    def close(self) -> str:
        self._stop.set()
        self._thread.join(20)
        pages = [self._client.get(path).text for path in ("/les/7", "/les/7?namen=1", "/regels")]
        self._client.close()
        return "\n".join([self.text, *pages])


def dashboard(play: Playground) -> httpx.Client:
    trust = ssl.create_default_context(cafile=str(play.ca))
    return httpx.Client(
        base_url=play.dashboard_url,
        verify=trust,
        timeout=WITHIN,
        follow_redirects=True,
        headers={"Origin": play.dashboard_url},
    )


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


def form(**fields: str) -> dict[str, object]:
    body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode()
    return {"method": "POST", "body": body, "headers": {"Content-Type": "application/x-www-form-urlencoded"}}


def fly(play: Playground) -> None:
    """Every canary, by the door that it is named after."""
    bird = CANARIES
    noor = play.device("Noor")
    somebody = play.device()
    open_pages(noor, bird)
    open_pages(somebody, bird)
    closed_pages(noor, bird)
    chat(play, noor, bird)
    asks_and_reports(noor, bird)
    staff(play, bird)
    with pytest.raises(Refused):
        Device(play.keyed, (play.ca,), key=f"cb7-1:{bird['wrong device key']}").dial(("fotodrop.test", 1))
    with pytest.raises(Refused):  # a key is asked for again
        Device(play.keyed, (play.ca,), key=f"cb7-1:{bird['wrong device key']}").fetch("https://kletsplein.test/")


def open_pages(device: Device, bird: dict[str, str]) -> None:
    for scheme in ("https", "http"):
        typed = form(naam="noor", wachtwoord=bird[f"password over {scheme}"])
        assert device.fetch(f"{scheme}://onzeschool.test/inloggen/klaar", **typed).status == 200
        assert device.fetch(f"{scheme}://onzeschool.test/ziek", **form(wat=bird[f"form over {scheme}"])).status == 200
        words = quote_plus(f"egel {bird[f'allowed search over {scheme}']}")
        found = device.fetch(f"{scheme}://zoekmaar.test/zoek?q={words}")
        assert "De egel in de schooltuin" in found.text
    said = {
        "Cookie": f"a={bird['cookie']}",
        "Authorization": f"Bearer {bird['authorization']}",
        "X-Own": bird["header"],
    }
    assert device.fetch("https://onzeschool.test/", headers=said).status == 200
    device.fetch("https://zoekmaar.test/zoek", **form(q=bird["allowed search in a form"]))
    typed = {"Content-Type": "application/json"}
    device.fetch("https://onzeschool.test/ziek", "POST", f'{{"wat": "{bird["json"]}"}}'.encode(), typed)


def closed_pages(device: Device, bird: dict[str, str]) -> None:
    path, query = bird["path of a closed page"], bird["query of a closed page"]
    assert device.fetch(f"https://kletsplein.test/prive/{path}?geheim={query}").status == 403
    assert device.fetch(f"http://kletsplein.test/prive/{path}?geheim={query}").status == 403
    stopped = device.fetch(f"https://zoekmaar.test/zoek?q=klootzak+{bird['stopped search']}")
    assert stopped.status == 403
    helped = device.fetch(f"https://zoekmaar.test/zoek?q=ik+word+gepest+{bird['search for help']}")
    assert helped.status == 200
    assert "Kindertelefoon" in helped.text
    edge = "grens"
    body = (
        f'--{edge}\r\nContent-Disposition: form-data; name="bestand"; filename="{bird["file name"]}.png"\r\n'
        f"Content-Type: image/png\r\n\r\n{bird['file text']}\r\n--{edge}--\r\n"
    ).encode()
    device.fetch(
        "https://fotodrop.test/sturen", "POST", body, {"Content-Type": f"multipart/form-data; boundary={edge}"}
    )


def chat(play: Playground, device: Device, bird: dict[str, str]) -> None:
    now = datetime.now(UTC)
    grant = Grant("", now, now + timedelta(minutes=10), Role.TEACHER, "staff-anja", people=frozenset({"p7-1"}),
                  sites=("kletsplein.test",))  # fmt: skip
    written = play.store.grants.add("school", grant, now)
    wait_until(lambda: everywhere(device, 200), "the permission came")
    with device.websocket("wss://kletsplein.test/chat") as line:
        line.recv(WITHIN)
        line.send(bird["chat message"])
        assert bird["chat message"] in str(line.recv(WITHIN))
        assert play.store.grants.revoke("school", written.id, "staff-anja", datetime.now(UTC))
        try:
            while True:
                line.send(bird["message into a closed chat"])
                line.recv(WITHIN)
        except Exception:  # the end of the permission closed it, however websockets calls that
            pass
    wait_until(lambda: everywhere(device, 403), "the permission ended")


def asks_and_reports(device: Device, bird: dict[str, str]) -> None:
    page = f"https://kletsplein.test/plein?zoek={bird['query of the page that asks']}"
    assert device.fetch(page).status == 403
    ours = {
        "X-Klaswacht": "1",
        "Referer": page,
        "Sec-Fetch-Site": "same-origin",
        "Sec-Fetch-Mode": "cors",
        "Sec-Fetch-Dest": "empty",
    }

    def send(name: str, **fields: str) -> None:
        sent = form(**fields)
        sent["headers"] = {**ours, **sent["headers"]}
        answer = device.fetch(f"https://kletsplein.test/_klaswacht/{name}", **sent)
        assert '"sent": true' in answer.text, answer.text

    send("ask", why="lesson", line=ASKED)
    told = device.fetch("https://kletsplein.test/_klaswacht/report", **form(kind="saw"))
    token = re.search(r'name="token" value="([^"]+)"', told.text)
    assert token
    odd = {"note": bird["report form field"], "host": bird["report form field"]}
    sent = form(kind="saw", step="send", to="teacher", token=token[1], **odd)
    assert "0800-0432" in device.fetch("https://kletsplein.test/_klaswacht/report", **sent).text


def staff(play: Playground, bird: dict[str, str]) -> None:
    with dashboard(play) as client:
        for login, password in (
            ("bram", bird["wrong password of a teacher"]),
            (bird["password typed as a name"], "x" * 12),
        ):
            page = client.get("/inloggen").text
            client.post("/inloggen", data={"login": login, "password": password, "csrf": csrf(page)})


def everywhere(device: Device, status: int) -> bool:
    """Several tries in a row, each on a connection of its own: both workers must have heard of it.

    A connection that a permission's end cuts under a question is told as "not yet": nothing was shown on it.
    """
    try:
        return all(device.fetch("https://kletsplein.test/").status == status for _ in range(8))
    except ConnectionError:
        return False


def wait_until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.1)


# --- looking for them ------------------------------------------------------------------------------------------------


def spellings(canary: str) -> Iterator[bytes]:
    """How a text may lie in a file: as it is, in capitals, in base64 at any offset, in UTF-16."""
    yield canary.encode()
    yield canary.upper().encode()
    yield canary.encode("utf-16-le")
    for shift in range(3):
        yield base64.b64encode(b"\0" * shift + canary.encode())[4 if shift else 0 : -4]


def found_in(data: bytes) -> set[str]:
    return {name for name, canary in CANARIES.items() if any(way in data for way in spellings(canary))}


def rows(file: Path, chain: Chain, key: Path) -> Iterator[tuple[str, bytes]]:
    """Every table of a database with all that its columns hold, opened with its key: sealed, nothing would be found."""
    with closing(Database(str(file), key=key)) as database, database.read() as connection:
        prove(database, connection, chain)
        for table in TABLES[chain]:
            for row in connection.execute(table.select()):
                yield table.name, b"\x1f".join(str(value).encode() for value in row)


def opened(folder: Path, names: dict[Chain, str], key: Path) -> dict[Chain, bytes]:
    """All that is in both databases."""
    return {chain: b"\n".join(data for _, data in rows(folder / name, chain, key)) for chain, name in names.items()}


@pytest.mark.evasion("S20")
def test_no_table_of_either_database_holds_what_was_typed(after):
    play, _ = after
    names = {Chain.MAIN: "klaswacht.db", Chain.ACCOUNTS: "accounts.db"}
    everything = opened(play.home.path, names, play.home.columns_key)
    assert ASKED.encode() in everything[Chain.MAIN], "the search finds nothing, so it proves nothing"
    assert b"kletsplein.test" in everything[Chain.MAIN]
    assert b"anja" in everything[Chain.ACCOUNTS]
    for name, data in everything.items():
        assert not found_in(data), name


@pytest.mark.evasion("S20")
def test_no_file_of_the_guard_holds_what_was_typed(after):
    """Raw bytes, so that what was written and deleted again (a journal, a freed page) counts too."""
    play, _ = after
    files = [path for path in play.home.path.rglob("*") if path.is_file()]
    assert {"klaswacht.db", "accounts.db", "school.yaml"} <= {path.name for path in files}
    assert any(b"kletsplein.test" in path.read_bytes() for path in files), "the search finds what is there"
    assert not {path.name: found for path in files if (found := found_in(path.read_bytes()))}


@pytest.mark.evasion("S20")
def test_no_file_of_the_guard_holds_a_name_or_a_text_in_plain_letters(after):
    """What is kept is sealed: whoever takes the disk's databases away without `secrets` reads none of it."""
    play, _ = after
    files = [path for path in play.home.path.rglob("*") if path.is_file()]
    kept = b"\n".join(data for _, data in rows(play.home.path / "klaswacht.db", Chain.MAIN, play.home.columns_key))
    for word in (ASKED, *(one.name for one in (*pupils(), *STAFF))):
        assert word.encode() in kept, word
        if len(word) < 5:
            continue  # so few letters are in any sealed file by chance
        assert not [path.name for path in files if word.encode() in path.read_bytes()], word


@pytest.mark.evasion("S20")
def test_no_line_that_the_guard_prints_holds_what_was_typed(after):
    play, _ = after
    log = play.log.read_bytes()
    assert b"Klaswacht" in log
    assert not found_in(log)
    # Nor who visited what: ordinary browsing is nobody's business.
    assert b"onzeschool.test" not in log
    assert b"zoekmaar.test" not in log


@pytest.mark.evasion("S20")
def test_no_line_of_a_log_for_machines_holds_what_was_typed_either(tmp_path):
    with playground(tmp_path, environment={"KLASWACHT_LOG": "json"}) as play:
        fly(play)
        psutil.Process(play.process.pid).children()[0].kill()  # so that there is something to tell
        wait_until(lambda: b'{"' in play.log.read_bytes(), "there is a line for machines")
        assert play.stop() == 0
    log = play.log.read_bytes()
    assert not found_in(log)
    names = {one.name for one in (*pupils(), *STAFF) if len(one.name) > 4}
    assert not [word for word in (ASKED, "zoekmaar.test", "onzeschool.test", *names) if word.encode() in log]


@pytest.mark.evasion("S20")
def test_no_live_stream_and_no_page_of_the_teacher_holds_what_was_typed(after):
    _, said = after
    assert "kletsplein.test" in said
    assert ASKED in said
    assert not found_in(said.encode())
    # A search for help is never shown, in any form.
    assert "gepest" not in said
    assert "klootzak" not in said


@pytest.mark.evasion("S20")
def test_ordinary_browsing_leaves_no_trace(after):
    play, _ = after
    data = b"\n".join(
        line
        for table, line in rows(play.home.path / "klaswacht.db", Chain.MAIN, play.home.columns_key)
        if not table.startswith("polic")
    )
    assert b"kletsplein.test" in data
    assert b"onzeschool.test" not in data
    assert b"rekenrijk.test" not in data


@pytest.mark.evasion("S20")
def test_no_backup_holds_what_was_typed_and_none_can_be_read_without_its_key(after, tmp_path):
    play, _ = after
    key = Private.made()
    made = packing.pack(play.home, key.public, tmp_path / "school.backup", datetime.now(UTC)).path
    closed = made.read_bytes()
    assert not found_in(closed)
    assert ASKED.encode() not in closed
    with made.open("rb") as file:
        opener = Opener(file, key)
        inside = b"".join(iter(lambda: opener.read(1_000_000), b""))
    assert b"kletsplein.test" in inside, "the search finds nothing, so it proves nothing"
    assert not found_in(inside)
    with made.open("rb") as file:
        contents.read(Opener(file, key), tmp_path / "inside")
    within = opened(tmp_path / "inside", contents.DATABASES, tmp_path / "inside" / "secrets" / "columns")
    assert ASKED.encode() in within[Chain.MAIN], "with the key that is in the backup all of it opens"
    for data in within.values():
        assert not found_in(data)


@pytest.mark.evasion("S20")
def test_what_a_parent_gets_to_see_holds_what_the_child_asked_and_nothing_that_it_typed_elsewhere(after, tmp_path):
    play, _ = after
    privacy.write_out(play.home, "p7-1", tmp_path / "inzage", datetime.now(UTC))
    written = b"\n".join(path.read_bytes() for path in (tmp_path / "inzage").iterdir())
    assert ASKED.encode() in written
    assert not found_in(written)
    assert b"Kindertelefoon" not in written
    assert b"staff-" not in written


@pytest.mark.evasion("S20")
def test_a_bundle_for_support_holds_no_name_no_site_and_nothing_that_anybody_typed(after, tmp_path):
    play, _ = after
    support.make(play.home, tmp_path / "bundle.zip", datetime.now(UTC))
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        text = "\n".join(archive.read(name).decode() for name in archive.namelist())
    assert '"klaswacht"' in text
    assert not found_in(text.encode())
    for word in (
        ASKED,
        "kletsplein",
        "Speeltuin",
        *(one.name for one in (*pupils(), *STAFF)),
        *(one.login for one in STAFF),
    ):
        assert not re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE), word
