"""Personal data: what a child should think twice about, and all that only looks like it.

Of the corpus, which was written before, the even rows that fail are named; of the odd rows only how many.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.personal import TYPES, find

CORPUS = Path(__file__).parents[1] / "corpus" / "texts-personal.txt"
PUBLIC = ("030-2345678", "info@regenboog.example", "Schoolstraat 12, 3599 XY Dorp")
HALVES = pytest.mark.parametrize("odd", [0, 1], ids=["even", "odd"])


def corpus() -> list[tuple[int, frozenset[str], str]]:
    """Number, types and text of every row."""
    lines = CORPUS.read_text(encoding="utf-8").split("\n")
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    kinds = [frozenset() if types == "-" else frozenset(types.split(",")) for types, _ in rows]
    return [
        (n, kind, text.replace("\\n", "\n")) for n, (kind, (_, text)) in enumerate(zip(kinds, rows, strict=True), 1)
    ]


@HALVES
def test_nearly_every_row_of_the_corpus_has_exactly_its_types(odd: int) -> None:
    rows = [row for row in corpus() if row[0] % 2 == odd]
    wrong = [text for _, types, text in rows if find(text, public=PUBLIC) != types]
    assert len(wrong) <= len(rows) // 20, [] if odd else wrong


@HALVES
def test_hardly_any_innocent_row_of_the_corpus_is_held(odd: int) -> None:
    held = [text for n, types, text in corpus() if n % 2 == odd and not types and find(text, public=PUBLIC)]
    assert len(held) <= 1, [] if odd else held


def test_the_corpus_is_whole() -> None:
    assert len(corpus()) == 161 and {one for _, types, _ in corpus() for one in types} == set(TYPES)


def types_of(text: str) -> frozenset[str]:
    return find(text, public=PUBLIC)


@pytest.mark.parametrize(
    "text",
    [
        "mijn nummer is 06 - 87 65 43 21",
        "nul zes twaalf vierendertig zesenvijftig achtenzeventig",
        "nul zes een twee drie vier vijf zes zeven acht",
        "0 6 1 2 3 4 5 6 7 8",
        "O6-12345678",
        "app me op 0612345678!!",
        '{"phone":"+31 6 12345678"}',
        "06/12345678",
        "(06)12345678",
        "+31(0)6-12345678",
        "0031 6 1234 5678",
        "bel mijn moeder 06-12 345 678",
        "mijn 06 is 12345678",
        "０６１２３４５６７８",
        "06\u200b12345678",
        "0️⃣6️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣",
        "my number is +32 470 12 34 56",
        "nul zes, dan 1234 en dan 5678",
        "zero six one two three four five six seven eight",
        "tel=%2B31612345678",
        "zet mij in de groepsapp 06.87.65.43.21 groetjes",
        "06 12345678 of 0687654321",
        "06_12_34_56_78",
        "06, 12345678",
        "06,12,34,56,78",
        "nul-zes-een-twee-drie-vier-vijf-zes-zeven-acht",
        "nul6 12345678",
    ],
)
def test_a_telephone_number_is_found(text: str) -> None:
    assert types_of(text) == {"phone"}


@pytest.mark.parametrize(
    "text",
    [
        "sem punt bakker at gmail punt com",
        "sem.bakker [at] hotmail [dot] com",
        "sem apenstaartje ziggo punt nl",
        "sem(at)gmail.com",
        "mail: sem @ gmail . com",
        "sem at outlook.com",
        "stuur maar naar a.b-c_d@sub.example.co.uk",
        "mijn e-mail is sem apenstaartje gmail",
        "sem@gmail",
    ],
)
def test_a_mail_address_is_found(text: str) -> None:
    assert types_of(text) == {"email"}


@pytest.mark.parametrize(
    "text",
    [
        "Mijn adres is Dorpsstraat 12",
        "ik woon op Rozenhage 7 in Utrecht",
        "1234 AB 12",
        "1234AB, huisnummer 5",
        "Dorpsstraat 12, 3511 AB Utrecht",
        "kom naar Kerkstraat 5",
        "we wonen aan de Oude Gracht 210",
        "Kerklaan 8",
        '{"postcode":"3511 ab","huisnummer":12}',
        "postcode 3511ab nummer 12",
        "i live at 12 Baker Street",
        "stuur het pakje naar Lindelaan 44, Utrecht, ik ben thuis",
        "mijn huis is aan de Zeedijk 9",
        "mijn huisnummer is 12 en mijn postcode 1234AB",
        "kerkstr. 12 is mijn adres",
        "lindelaan 12 utrecht",
        '{"street":"Kerkstraat","number":"12","zip":"1234AB"}',
        "ik woon op nummer 12 in de Kerkstraat",
        "ik woon in de kerkstraat op nummer 12",
        "Wij wonen boven de winkel, Kerkstraat 12, 1234 AB Zwolle",
        "Het museum was leuk! Kerkstraat 12, 1234 AB Zwolle",
    ],
)
def test_a_home_is_found(text: str) -> None:
    assert types_of(text) == {"address"}


@pytest.mark.parametrize(
    "text",
    [
        "ik ben jarig op 5 juni",
        "mijn verjaardag is 3 maart",
        "3 maart ben ik jarig",
        "geboortedatum: 12-06-2014",
        "geboren op 12 juni 2014",
        "mijn broertje is geboren op 5 mei 2018",
        "op 12-6-2015 ben ik geboren",
        '{"birthdate":"2014-06-12"}',
        "dob=2014-06-12",
        "my birthday is june 5th",
        "I was born on 12 June 2014",
        "ik ben op 3/4/15 geboren",
        "mijn geboortedatum is 120614",
        "geboortedag=12&geboortemaand=6&geboortejaar=2014",
        "ik ben van 12 juni 2014",
        "Noor is jarig op 3-4-2016",
        "geb 12-06-2014",
        "ik en mijn hond zijn geboren op 3 mei 2015",
        "mijn zusje, dat een konijn heeft, is jarig op 3 mei 2015",
        "Noor is geboren op 13 juli 2014",
    ],
)
def test_a_birthday_is_found(text: str) -> None:
    assert types_of(text) == {"birthday"}


@pytest.mark.parametrize(
    "text",
    [
        "ik ben sem bakker uit groep 8",
        "Ik heet Lisa van der Berg en zit in groep 7b",
        "Sem Bakker uit groep 8 was ook daar",
        "my name is Sem Bakker and I am in grade 6",
        "voornaam=Sem&achternaam=Bakker&groep=8",
        "naam: Sem Bakker, groep 8a",
        "Mijn naam is Sem Bakker van basisschool De Linde",
        "ik ben Sem de Vries, ik zit op de Regenboogschool",
        "ik heet sem bakker groep 8",
        "Groetjes Lisa de Vries, groep 7",
        "ik zit in groep 6 en ik heet Fatima el Idrissi",
        "Hoi! Ik ben Jan-Willem van 't Hof (groep 5)",
        "Naam: Daan Peters\nKlas: 6a",
        "ik zit in 7b en ik heet Lisa Bos",
        "ik ben 11 en heet Lisa Bos, groep 8",
        '{"naam":"Lisa Bos","school":"De Regenboog"}',
        "naam=Lotte+de+Wit&groep=7",
        "Mijn werkstuk. Gemaakt door: Lotte de Wit, groep 7",
        "Gemaakt door Lotte de Wit\nGroep 7",
        "Gemaakt door Lotte de Wit. Groep 7.",
        "Boekverslag groep 7.\nGeschreven door: Lotte de Wit",
        "name: Sem Bakker\nclass: 7b",
        "name: Sem Bakker\ngroep: 7",
        "name: Sem Bakker\nschool: De Regenboog",
    ],
)
def test_a_full_name_with_a_class_is_found(text: str) -> None:
    assert types_of(text) == {"fullname-class"}


@pytest.mark.parametrize(
    "text",
    [
        "mijn burgerservicenummer is 111 222 333",
        '{"bsn":111222333}',
    ],
)
def test_a_citizen_number_is_found(text: str) -> None:
    assert types_of(text) == {"bsn"}


@pytest.mark.parametrize(
    "text",
    [
        "NL91 ABNA 0417 1643 00",
        "nl91abna0417164300",
        "rekening NL91-ABNA-0417-1643-00 graag",
        "BE68 5390 0754 7034",
        "mijn iban: NL91ABNA0417164300is van mij",
        "N L 9 1 ABNA 0417 1643 00",
    ],
)
def test_a_bank_account_is_found(text: str) -> None:
    assert types_of(text) == {"iban"}


@pytest.mark.parametrize(
    "text",
    [
        "0612",
        "06-12-2025 09:30 inleveren",
        '{"ts":1700000000,"id":"0612-3456","v":"1.2.3"}',
        '{"x":0.612345678,"y":0.0612345678}',
        "uuid 0612345678ab-cdef",
        "ean 0612345678905",
        "ordernummer 0612345678",
        "de kindertelefoon is 0800-0432",
        "het nummer van de gemeente is 14030",
        "1234567890",
        "06-12345",
        "0900-1234",
        "088-1234567 is de klantenservice",
        "3 x 06 is 18",
        "de trein vertrekt om 08.30-09.15 uur",
        "112 is het alarmnummer",
        "naam@voorbeeld.nl",
        "volg @sem_bakker op insta",
        "icon@2x.png",
        "react@18.2.0",
        "kom at once. com",
        "info@museum.nl",
        "wij zijn @ school.nl",
        "zoek op google.com",
        "ik woon al 10 jaar in utrecht",
        "ik woon 5 minuten van school",
        "de dorpsstraat is 12 meter breed",
        "in 1945 is 12 keer",
        "1080 px 12",
        "opgave 5 bladzijde 34",
        "het rijksmuseum is aan de Museumstraat 1",
        "minecraft 1234 AB",
        "ik woon op de derde verdieping",
        "rembrandt woonde in de Jodenbreestraat 4",
        "in de Tweede Wereldoorlog 1940",
        "wij wonen in een huis met 3 kamers",
        "op straat 5 kinderen",
        "ik heb ipad 2",
        "de A2 is een snelweg 120 km",
        "de koning is jarig op 27 april",
        "Mozart is geboren op 27 januari 1756 in Salzburg",
        "mijn spreekbeurt gaat over Messi, hij is geboren op 24 juni 1987",
        "willem-alexander geboren op 27 april 1967",
        "Vincent van Gogh werd geboren op 30 maart 1853",
        "wanneer ben je jarig",
        "ik ben 10 jaar",
        "mijn werkstuk over Rembrandt. Hij is geboren op 15 juli 1606",
        "mijn spreekbeurt: Anne Frank geboren 12-06-1929",
        "ik ben jarig in mei",
        "inleveren voor 12 juni 2026",
        "over 5 dagen ben ik jarig",
        "Jezus is geboren op 25 december",
        "ik ben heel goed in groep 8",
        "ik ben Sem",
        "ik ben Sem uit groep 8",
        "Werkstuk Willem van Oranje groep 7",
        "mijn spreekbeurt over Anne Frank groep 8",
        "ik ben blij met groep 8",
        "juf Anke van groep 5",
        "wij zijn groep 8",
        "ik ben een jongen uit groep 8",
        "naam: De Dolfijn, groep: zoogdieren",
        '{"name":"Main Menu","class":"btn","group":"5"}',
        "ik zit in groep 8 en mijn held is Max Verstappen",
        "Ik ben Nederlander en zit in groep 7",
        "111222333",
        "bestelnummer 111222333",
        '{"id":111222333}',
        "NL91ABNA0417164301",
        "de nl12 flat",
        "de tafel van 6: 6 12 18 24 30 36 42 48",
        "06 12 18 24 30 36",
        "06,12,18,24,30",
        "06,12,34,56,78,90",
        "06,12,34,56,78\n07,13,35,57,79",
        "de telefoon is in 1876 uitgevonden",
        "pi is 3.14159265358979",
        "0,333333333333",
        "de evenaar is 40075 km",
        "antwoord a: 12, b: 34, c: 06, d: 78",
        "2 4 6 8 10 12 14 16 18 20",
        "020 is het netnummer van amsterdam",
        "wie is er jarig op 31 januari? prinses beatrix",
        "ik ben geboren in een ziekenhuis",
        "de romeinen bouwden een weg 50 voor christus",
        "ik heb een boek over Anne de Vries voor groep 7",
        "mijn lievelingsschrijver is Roald Dahl en zit in groep 7",
        "postbus 12, 1234 AB Utrecht",
        "kom naar de open dag op de Schoolweg 1",
        "bel de dierenarts op 030-6543210",
        "Het boek is geschreven door Roald Dahl. Wij lezen het in groep 6.",
        "Boekverslag groep 7. Geschreven door: Paul van Loon. Titel: Dolfje Weerwolfje",
        "Gemaakt door Leonardo da Vinci. Groep 8 werkstuk.",
        "Ik ben in groep 6 en mijn boek is geschreven door Annie Schmidt",
        "Wij gingen met groep 7 naar het Rijksmuseum, Museumstraat 1, 1071 XX Amsterdam. Het was leuk.",
        "Adres: Naturalis, Darwinweg 2, 2333 CR Leiden. Toegang 17 euro.",
        "Het Spoorwegmuseum staat op Maliebaanstation 16, 3581 XW Utrecht",
        "Ons konijn is geboren op 3 mei 2023 en heet Stampertje.",
        "onze hond is jarig op 3 mei 2020",
        "Ik vind Lamine Yamal de beste voetballer. Hij is geboren op 13 juli 2007.",
        "Lamine Yamal is geboren op 13 juli 2007 in Spanje",
        "De zangeres is geboren op 3 maart 2012",
        '{"name":"Main Button","class":"3","grade":"4"}',
        "name: Tafels Oefenen\ngrade: 7",
        "name: Lesson Overview\ngrade: 5\nschool: OBS De Zon",
        "name: Nike Air\nclass: 3",
        "a=b",
    ],
)
def test_what_only_looks_like_it_is_let_through(text: str) -> None:
    assert types_of(text) == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "bel de school op +31 30 2345678",
        "tel. (030) 234 56 78",
        "mail naar INFO@regenboog.example",
        "de school: Schoolstraat 12, 3599 XY Dorp",
        "kom naar Schoolstraat 12",
    ],
)
def test_the_schools_own_contacts_are_no_secret(text: str) -> None:
    assert types_of(text) == frozenset()


@pytest.mark.evasion("S09")
@pytest.mark.parametrize(
    "text",
    [
        *("06 1 " * 13_000, "0 " * 32_000, "+31 " * 16_000, "o6 " * 21_000, "nul zes " * 8_000, "NL12 " * 13_000),
        *("a@" * 32_000, "@" * 65_000, "at " * 20_000, "kerkstraat 12 1234 AB " * 3_000, "1234 ab, " * 7_000),
        *("straat=a&" * 7_000, "woon op de a b c d " * 3_000, "geboren op 12 " * 5_000, "bsn 1 " * 11_000),
        *("ik ben " * 9_000, "naam: a b " * 6_000, "Aa Bb " * 11_000, "a" * 65_000, "\xe9" * 65_000, "(" * 65_000),
    ],
)
def test_no_text_is_slow_to_read(text: str) -> None:
    start = time.thread_time()
    find(text)
    assert time.thread_time() - start < 1.0, "some 20 ms; a generous ceiling for a busy machine"


@given(st.text(max_size=400) | st.text(alphabet='0612345678 -+.@anl:="\n', max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert find(text) <= set(TYPES)


@given(st.integers(10_000_000, 59_999_999), st.sampled_from(["06{}", "06-{}", "+316{}", "00316{}", "06 {}", "(06) {}"]))
def test_every_mobile_number_is_found_however_it_starts(number: int, form: str) -> None:
    assert find(f"app me: {form.format(number)} ok") == {"phone"}
