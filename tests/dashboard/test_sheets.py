"""A download of a list: its name, its headers, and that somebody can see later that it left."""

from flask import Flask, g

from dashboard.auth import Visitor
from dashboard.sheets import csv_answer
from policy.model import Member, Role
from store import Store
from tests.cast import LESSON
from tests.dashboard.conftest import SCHOOL


def test_a_list_leaves_with_a_dated_name_and_an_entry_in_the_audit_trail(app: Flask, store: Store) -> None:
    with app.test_request_context("/"):
        g.visitor = Visitor(Member("cor", Role.COORDINATOR, ()), "Cor Bakker", "t", LESSON)
        answer = csv_answer("groepen", ("code", "naam"), [("7", "Groep 7"), ("=1+1", 'de "beste"')], about=("7",))
    assert answer.data.decode("utf-8") == '\ufeff"code";"naam"\r\n"7";"Groep 7"\r\n"\'=1+1";"de ""beste"""\r\n'
    assert answer.mimetype == "text/csv"
    day = LESSON.date().isoformat()
    assert answer.headers["Content-Disposition"] == f'attachment; filename="klaswacht-groepen-{day}.csv"'
    (entry,) = store.audit.entries(SCHOOL, what=("export.groepen",))
    assert (entry.who, entry.targets) == ("cor", ("7",))
