"""`klaswacht printing` and its check, on a real CUPS: made once, made again, put back; what is wrong is said."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cups import Cups, Tag
from agent.print_rules import IDLE, STOPPED, without_block
from agent.printed import PrintSetting, read_setting
from cli.doctor import Level, printing_findings
from cli.home import Trouble
from cli.main import app
from tests.agent.cups import PUPIL, PrivateCups, needed, open_folder, until

DEVICE = "socket://127.0.0.1:9"


class Machine:
    def __init__(self, root: Path) -> None:
        self.cupsd = PrivateCups(root)
        self.cups = Cups(self.cupsd.socket)
        self.home = root / "klaswacht"
        printer = [
            (Tag.URI, "device-uri", DEVICE),
            (Tag.BOOLEAN, "printer-is-accepting-jobs", True),
            (Tag.ENUM, "printer-state", IDLE),
        ]
        self.cups.change("hal", printer)

    def run(self, *words: str) -> str:
        """The command on this machine; what it says."""
        done = CliRunner().invoke(app, ["printing", *words, "--home", str(self.home)])
        if isinstance(done.exception, Trouble):
            raise done.exception
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.output

    def setup(self, *words: str) -> str:
        places = ("--socket", str(self.cupsd.socket), "--backends", str(self.cupsd.backends))
        return self.run("setup", "--printer", "hal", *places, *words)

    def queues(self) -> dict[str, tuple[str, str, int | None]]:
        found = {}
        for one in self.cups.printers():
            state = one.number("printer-state")
            found[one.text("printer-name")] = (one.text("device-uri"), one.text("printer-op-policy"), state)
        return found

    def levels(self) -> dict[str, Level]:
        return {one.code: one.level for one in printing_findings("nl", self.home)}

    def words(self) -> str:
        return " ".join(str(one.values) for one in printing_findings("nl", self.home))


@pytest.fixture
def machine() -> Iterator[Machine]:
    needed()
    with open_folder() as root:
        made = Machine(root)
        yield made
        made.cupsd.stop()


def test_setup_makes_a_stopped_queue_for_pupils_and_closes_the_printers_own(machine):
    said = machine.setup("--pages", "4")
    assert "leerling" in said
    assert "9100" in said, "what it cannot see is said"
    assert machine.queues() == {
        "hal": ("klaswacht:/hal", "klaswacht-echt", IDLE),
        "leerling": ("klaswacht:/nothing", "klaswacht-leerling", STOPPED),
    }
    setting = read_setting(machine.home)
    assert setting is not None
    assert (setting.real, setting.cap, setting.guard) == ("hal", 4, "root")
    backend = machine.cupsd.backends / "klaswacht"
    assert stat.S_IMODE(backend.stat().st_mode) == 0o700, "only root may run or change it"
    assert stat.S_IMODE((machine.home / "devices").stat().st_mode) == 0o700


def test_the_address_of_the_printer_is_not_told_to_who_asks_cups(machine):
    machine.setup()
    assert DEVICE.encode() not in machine.cupsd.run("lpstat", "-v", user=PUPIL).stdout


def test_setup_again_changes_nothing_and_puts_right_what_somebody_changed(machine):
    machine.setup()
    queues, conf = machine.queues(), machine.cups.configuration()
    machine.run("setup")
    assert (machine.queues(), machine.cups.configuration()) == (queues, conf)
    machine.cupsd.run("cupsenable", "leerling")
    machine.cupsd.run("lpadmin", "-p", "hal", "-o", "printer-op-policy=default")
    assert machine.queues() != queues
    machine.run("setup")
    assert machine.queues() == queues
    assert machine.levels() == {"printing": Level.OK, "printing_around": Level.WARN}


def test_remove_puts_all_back(machine):
    queues, conf = machine.queues(), machine.cups.configuration()
    backends = sorted(machine.cupsd.backends.iterdir())
    machine.setup()
    machine.run("setup", "--pages", "0")
    machine.cupsd.run("lp", "-d", "leerling", user=PUPIL, text=b"wacht\n")
    assert "wachtten: 1" in machine.run("remove")
    assert machine.queues() == queues
    assert machine.cups.configuration() == conf
    assert sorted(machine.cupsd.backends.iterdir()) == backends
    assert not machine.home.exists()
    assert machine.levels() == {}


def test_remove_leaves_what_others_changed_in_the_meantime(machine):
    machine.setup()
    changed = machine.cups.configuration() + "MaxJobs 300\n"
    machine.cups.configure(changed)
    until(lambda: machine.cups.configuration() == changed, "the file is not taken")
    until(lambda: _works(machine), "remove does not work")
    assert machine.cups.configuration() == without_block(changed)
    assert "MaxJobs 300" in machine.cups.configuration()


def _works(machine: Machine) -> bool:
    try:
        machine.run("remove")
    except Trouble:  # CUPS is reading its file
        return False
    return True


def test_remove_after_a_setup_that_was_stopped_halfway_puts_all_back(machine, monkeypatch):
    queues, conf = machine.queues(), machine.cups.configuration()
    change = Cups.change

    def dies(self: Cups, queue: str, *given: object) -> None:
        if queue == "hal":
            raise KeyboardInterrupt
        change(self, queue, *given)

    monkeypatch.setattr(Cups, "change", dies)
    machine.setup()
    monkeypatch.undo()
    assert machine.queues()["hal"] == queues["hal"]
    assert machine.queues() != queues
    machine.run("remove")
    assert (machine.queues(), machine.cups.configuration()) == (queues, conf)


def test_setup_on_the_file_that_cups_is_delivered_with(machine):
    delivered = Path("/usr/share/cups/cupsd.conf.default")
    if not delivered.exists():
        pytest.skip("this machine has no cupsd.conf as it is delivered")
    text = delivered.read_text()
    listens = [line for line in machine.cups.configuration().splitlines() if line.startswith("Listen")]
    kept = [line for line in text.splitlines() if not line.startswith("Listen")]
    machine.cups.configure("\n".join([*listens, *kept, ""]))
    until(lambda: "Listen" in machine.cups.configuration(), "CUPS is gone")
    until(lambda: "Dirty" in _set_up(machine), "setup does not work")
    assert machine.levels() == {"printing": Level.OK, "printing_around": Level.WARN}


def _set_up(machine: Machine) -> str:
    try:
        machine.setup()
    except Trouble:  # CUPS is reading its file
        return ""
    return machine.cups.configuration()


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (("cupsenable", "leerling"), "niet gestopt"),
        (("lpadmin", "-p", "hal", "-o", "printer-op-policy=default"), "`hal` heeft niet de regels"),
        (("lpadmin", "-p", "hal", "-v", DEVICE), "`hal` gaat niet door Klaswacht"),
        (("lpadmin", "-p", "gang", "-v", DEVICE, "-E"), "`gang` staat buiten Klaswacht"),
        (("lpadmin", "-x", "leerling"), "`leerling` is er niet"),
    ],
)
def test_the_doctor_says_what_lets_pupils_print_around_the_guard(machine, done, said):
    machine.setup()
    assert machine.cupsd.run(*done).returncode == 0
    assert machine.levels()["printing_fault"] is Level.FAIL
    assert said in machine.words()
    assert said in machine.run("status")
    assert "niet te zien" in machine.words(), "what it cannot see is always said"


def test_the_doctor_says_it_where_cups_is_gone_and_nothing_where_nobody_prints(machine, tmp_path):
    assert list(printing_findings("nl", tmp_path / "other")) == []
    machine.setup()
    machine.cupsd.stop()
    assert machine.levels()["printing_fault"] is Level.WARN
    assert "start CUPS" in machine.words()


def test_a_printer_or_account_that_is_not_there_is_told_and_nothing_is_changed(machine):
    conf, queues = machine.cups.configuration(), machine.queues()
    for words, said in (
        (("--guard", "niemand-zo"), "niemand-zo"),
        (("--pupils", "hal"), "hal"),
        (("--guard", "root\nRequire user games"), "kan niet als naam"),
    ):
        with pytest.raises(Trouble, match=said):
            machine.setup(*words)
    assert (machine.cups.configuration(), machine.queues()) == (conf, queues)
    assert not machine.home.exists()


def test_who_is_not_the_administrator_is_told(machine, monkeypatch):
    monkeypatch.setattr("cli.printing.os.geteuid", lambda: 1000)
    with pytest.raises(Trouble, match="beheerder"):
        machine.setup()


def test_a_setting_of_somebody_else_is_none(tmp_path):
    (tmp_path / "setting.json").write_text('{"real": "hal", "unknown": 1}')
    assert read_setting(tmp_path) is None
    (tmp_path / "setting.json").write_text('{"real": "hal"}')
    assert read_setting(tmp_path) == PrintSetting(real="hal")
