"""People by CSV, a new school year, and every list out."""

from __future__ import annotations

from tests.access.state import State

_INTAKE = "/beheer/inlezen"
_YEAR = "/beheer/nieuw-jaar"
_OUT = "/beheer/uitvoer"
_COR = {"who": "coordinator"}
_LOOK = {"start": _INTAKE, **_COR}
_MIXED = (
    "leerlingnummer;roepnaam;tussenvoegsel;achternaam;groep;geboortedatum;opmerking\n"
    "101;Kim;de;Wit;7;01-02-2015;x\n102;Noor;;;8;02-03-2015;\n103;;;;7;03-04-2015;\n104;Bo;;Bos;Groep 9;04-05-2015;\n"
)
_MOVES = {f"g:{group}": answer for group, answer in (("8", "leave"), ("7", "to:8"), ("6", "to:7"), ("3", "to:4-5"))}
_MOVES |= {"g:1": "to:2", "g:2": "to:3"}
_ALL = _MOVES | {f"p:p4-5-{number}": "to:6" if number % 2 else "stay" for number in range(1, 7)}
_LISTS = ("leerlingen", "medewerkers", "apparaten", "toestemming", "registers", "vast")
_BARE = ("groepen", "storingen", "voorstellen")

STATES: tuple[State, ...] = (
    State("intake.page", _INTAKE, **_COR),
    State("intake.page", _INTAKE, "directie", "empty"),
    State("intake.page", _INTAKE, "directie", board=True),
    State("intake.look", _INTAKE, form={"pasted": _MIXED}, about="bad-rows", **_LOOK),
    State("intake.look", _INTAKE, form={"pasted": "naam;groep\nKim de Wit;7\n"}, about="good", **_LOOK),
    State("intake.look", _INTAKE, form={"pasted": "Kim;7\nNoor;8"}, about="error", **_LOOK),
    State("intake.links", f"{_INTAKE}/links", **_COR),
    State("intake.links", f"{_INTAKE}/links", "directie", board=True),
    State("new_year.page", _YEAR, **_COR),
    State("new_year.page", _YEAR, "directie", "empty"),
    State("new_year.page", _YEAR, "directie", board=True),
    State("new_year.look", _YEAR, form=_MOVES, about="asked", start=_YEAR, **_COR),
    State("new_year.look", _YEAR, form=_ALL, about="plan", start=_YEAR, **_COR),
    State("exports.page", _OUT, **_COR),
    State("exports.page", _OUT, "directie", board=True),
    *(State("exports.named", f"{_OUT}/{which}", "directie", about=which) for which in _LISTS),
    State("exports.named", f"{_OUT}/leerlingen", board=True, **_COR),
    *(State("exports.bare", f"{_OUT}/zonder-namen/{which}", about=which, **_COR) for which in _BARE),
    State("office.tab", "/beheer/leerlingen?zoek=noor", about="leerlingen-found", **_COR),
    State("office.tab", "/beheer/leerlingen?zoek=niemand", about="leerlingen-nobody", **_COR),
    State(
        "office.add_pupil",
        "/beheer/leerling",
        form={"name": " ", "group": "7"},
        about="refused",
        start="/beheer/leerlingen",
        **_COR,
    ),
)
NO_PAGE: dict[str, str] = {
    "intake.adopt": "the preview with another heading; looked at in tests/e2e",
    "intake.mend": "a download",
    "intake.make_links": "links that are told once; looked at in tests/e2e",
    "new_year.begin": "what was begun cannot begin again in one school; looked at in tests/e2e",
    "new_year.back": "the questions again",
    "exports.named_csv": "a download",
    "exports.bare_csv": "a download",
    "exports.group_csv": "a download",
}
