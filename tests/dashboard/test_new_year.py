"""A new school year: everybody a group further, who leaves goes, and nothing happens before it was looked at."""

import html
import re

from policy.model import Group, Role
from store import Store
from store.people import Person
from tests.cast import LESSON
from tests.dashboard.conftest import PASSWORD, SCHOOL

PATH = "/beheer/nieuw-jaar"


def hidden(page: str) -> dict[str, str]:
    found = {name: re.search(f'name="{name}" value="([^"]*)"', page) for name in ("parked", "mark")}
    return {name: html.unescape(one.group(1)) for name, one in found.items() if one}


def places(store: Store) -> dict[str, tuple[str, ...]]:
    return {person.name: person.groups for person in store.people.persons(SCHOOL, Role.PUPIL)}


def combined(store: Store) -> None:
    store.people.put_group(SCHOOL, Group("5-6", "Groep 5/6", (5, 6)), "setup", LESSON)
    store.people.put_group(SCHOOL, Group("koor", "Koor", (), LESSON.replace(year=2027)), "setup", LESSON)
    mix = [Person("kim", Role.PUPIL, "Kim Wit", ("5-6",)), Person("jip", Role.PUPIL, "Jip Bos", ("5-6", "koor"))]
    store.people.put_people(SCHOOL, mix, "setup", LESSON)


def test_seven_goes_to_eight_and_eight_leaves_in_one_revision(store: Store, signed_in) -> None:
    cor = signed_in("cor")
    page = cor.page(PATH)
    assert '<option value="to:8" selected>' in page and '<option value="leave" selected>' in page
    before, revision = places(store), store.revision(SCHOOL)
    looked = cor.post(PATH, **{"g:7": "to:8", "g:8": "leave"}).text
    assert "Groep 7 → Groep 8" in looked and "Bo de Boer" in looked and "Dit kan niet ongedaan" in looked
    assert (places(store), store.revision(SCHOOL)) == (before, revision)
    assert "Vink aan dat u" in cor.post(f"{PATH}/begin", **hidden(looked)).text
    assert places(store) == before
    done = cor.post(f"{PATH}/begin", **hidden(looked), kept="1").text
    assert "Het nieuwe schooljaar staat klaar" in done
    assert places(store) == {"Sam Pietersen": ("8",), "Noor Jansen": ("8",)}
    assert store.revision(SCHOOL) == revision + 1
    assert {entry.what for entry in store.audit.entries(SCHOOL, limit=2)} == {"people.new_year", "person.remove"}


def test_a_combined_class_is_asked_child_by_child_and_what_was_chosen_stays(store: Store, signed_in) -> None:
    combined(store)
    cor = signed_in("cor")
    told = cor.post(PATH, **{"g:7": "to:8", "g:8": "leave", "p:kim": "to:7", "p:sam": "stay"}).text
    assert "Kies nog voor de leerlingen" in told
    assert len(re.findall("nog kiezen", told)) == 1
    kim = told.partition('<select name="p:kim">')[2].partition("</select>")[0]
    assert re.findall('value="([^"]*)" selected', kim) == ["to:7"]
    looked = cor.post(PATH, **{"g:7": "to:8", "g:8": "leave", "p:kim": "to:7", "p:jip": "stay", "p:sam": "stay"}).text
    cor.post(f"{PATH}/begin", **hidden(looked), kept="1")
    assert places(store) == {
        "Sam Pietersen": ("7",),
        "Noor Jansen": ("8",),
        "Kim Wit": ("7",),
        "Jip Bos": ("5-6", "koor"),
    }


def test_everybody_is_put_back_while_the_page_is_open(store: Store, signed_in, clock) -> None:
    combined(store)
    cor = signed_in("cor")
    before = places(store)
    form = {"g:7": "to:8", "g:8": "leave", "p:kim": "to:7", "p:jip": "to:7"}
    done = cor.post(f"{PATH}/begin", **hidden(cor.post(PATH, **form).text), kept="1").text
    assert places(store)["Jip Bos"] == ("7", "koor")
    clock.on(minutes=3)
    assert "weer in de oude groep" in cor.post(f"{PATH}/terug", parked=hidden(done)["parked"]).text
    assert places(store) == before


def test_what_changed_meanwhile_is_looked_at_again(store: Store, signed_in) -> None:
    cor = signed_in("cor")
    looked = cor.post(PATH, **{"g:7": "to:8", "g:8": "leave"}).text
    store.people.put_people(SCHOOL, [Person("kim", Role.PUPIL, "Kim Wit", ("8",))], "ria", LESSON)
    told = cor.post(f"{PATH}/begin", **hidden(looked), kept="1").text
    assert "Er is intussen iets veranderd" in told and "Kim Wit" in told
    assert "Bo de Boer" in places(store)


def test_a_form_of_somebody_else_or_a_group_that_is_none_does_nothing(store: Store, signed_in) -> None:
    cor, before = signed_in("cor"), places(store)
    looked = cor.post(PATH, **{"g:7": "to:8", "g:8": "leave"}).text
    assert "was te oud" in signed_in("ria").post(f"{PATH}/begin", **hidden(looked), kept="1").text
    assert "was te oud" in cor.post(f"{PATH}/terug", **hidden(looked)).text  # what was made for another form
    assert "Kies nog voor" in cor.post(PATH, **{"g:7": "to:elders", "g:8": "weg"}).text
    for login in ("anja", "iris", "stan", "coen"):
        browser = signed_in(login)
        answers = (browser.get(PATH), browser.post(PATH), browser.post(f"{PATH}/begin"), browser.post(f"{PATH}/terug"))
        assert {answer.status_code for answer in answers} == {403}
    assert places(store) == before


def test_who_did_not_prove_it_lately_is_asked_first_and_loses_nothing(store: Store, signed_in, clock) -> None:
    cor, before = signed_in("cor"), places(store)
    clock.on(minutes=20)
    looked = cor.post(PATH, **{"g:7": "to:8", "g:8": "leave"}).text
    asked = cor.post(f"{PATH}/begin", **hidden(looked), kept="1").text
    assert hidden(asked) == hidden(looked) and places(store) == before
    cor.post(f"{PATH}/begin", **hidden(asked), kept="1", opnieuw_bewijs="een ander wachtwoord")
    assert places(store) == before
    assert "staat klaar" in cor.post(f"{PATH}/begin", **hidden(asked), kept="1", opnieuw_bewijs=PASSWORD).text
    assert places(store) == {"Sam Pietersen": ("8",), "Noor Jansen": ("8",)}
