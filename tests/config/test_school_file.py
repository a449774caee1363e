"""What somebody sees who makes a mistake in school.yaml, and what a right file means."""

from datetime import date, time
from pathlib import Path

import pytest

from config.load import (
    ConfigError,
    factory_policy,
    knowledge,
    parse_school,
    protocol_names,
    read_school,
    write_template,
)
from config.settings import RETENTION_DAYS, Dhcp, Dns, Egress, Listen, School, Settings
from policy.model import BasisKind, DeviceClass, Effect, Facet, HoldsIn, LiftableBy, PeriodKind, Role

SMALL = "protocol: kalisto\nschedule:\n  days:\n    mon: {lessons: ['08:30-14:00']}\n"


def school(more="", base=SMALL):
    return parse_school((base + more).encode())


def complaint(more="", base=SMALL):
    with pytest.raises(ConfigError) as caught:
        school(more, base)
    return str(caught.value)


# --- the template --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["kalisto", "regenboog"])
def test_the_written_template_loads_and_is_the_factory_policy(tmp_path, protocol):
    path = tmp_path / "school.yaml"
    write_template(path, protocol)
    read = read_school(path)
    assert read.settings == Settings(protocol=protocol)
    assert read.policy == factory_policy(protocol)
    assert read.policy.protocol.id == protocol
    assert len(read.digest) == 64


def test_every_example_in_the_template_works_when_its_sign_is_taken_away(tmp_path):
    path = tmp_path / "school.yaml"
    write_template(path)
    rows = path.read_text().splitlines()
    opened = [
        row.replace("# ", "", 1)
        if row.startswith("  # ")
        else row.replace("#", "", 1)
        if row.startswith("#  ")
        else row
        for row in rows
    ]
    opened = [
        row.replace("lists: {}", "lists:").replace("tunnels: {}", "tunnels:").replace("dns: {}", "dns:")
        for row in opened
    ]
    opened = [row.replace("firewall: {}", "firewall:").replace("dhcp: {}", "dhcp:") for row in opened]
    for key in ("rules", "terms", "passed", "domains", "public"):
        opened = [row.replace(f"{key}: []", f"{key}:") for row in opened]
    keep = ("  Een groep met", "  Vakanties en")  # sentences, not examples
    path.write_text("\n".join(row for row in opened if not row.startswith(keep)))
    (tmp_path / "eigen-ca.pem").write_text("a certificate")
    for name in ("google", "microsoft", "portaal"):
        (tmp_path / f"{name}.geheim").touch(0o600)
        (tmp_path / f"{name}.geheim").write_text("geheim\n")
    read = read_school(path)
    assert [one.way for one in read.settings.sign_in.providers] == ["google", "microsoft", "oidc"]
    assert read.settings.listen.groups == {"7": 8107, "8": 8108}
    assert (read.settings.listen.transparent, read.settings.listen.balancers) == (8082, ("10.0.0.5",))
    assert read.settings.egress.hosts == {"intranet.onze-school.nl:443": "192.168.1.10:443"}
    assert (read.settings.listen.dns, read.settings.listen.page) == (53, 80)
    assert read.settings.listen.pupils_host == "wacht.klaswacht.internal"
    assert read.settings.listen.reach == ("192.168.1.2", "192.168.1.3")
    assert read.settings.dns == Dns(("192.168.1.1:53",), {"onze-school.lan": ("192.168.1.1:53",)}, "192.168.1.2")
    assert read.settings.dhcp == Dhcp((Path("/var/lib/misc/dnsmasq.leases"),), DeviceClass.UNKNOWN)
    assert read.settings.firewall.pupils == ("10.20.0.0/16", "fd00:20::/64")
    assert read.settings.firewall.dashboard_for_pupils
    assert read.settings.egress.trust == (tmp_path / "eigen-ca.pem",)
    assert read.policy.lists == {
        "social": ("kletsplein.test",),
        "education": ("onze-methode.nl",),
        "identity": ("past-niet-bij-ons.test",),
    }
    assert list(read.settings.tunnels) == ["leerlingdossier.onze-school.nl"]
    assert [(term.text, term.kind, term.part) for term in read.policy.terms] == [("kletskoek", "coarse", True)]
    assert read.policy.passed_words == ("naam van ons schooltoneel",)
    assert read.policy.domains == ("onze-school.nl",)
    assert read.policy.public == ("030-1234567", "info@onze-school.nl", "Dorpsstraat 1")
    assert read.policy.schedule.groups["1"][4][-1].end == time(12)
    names = {closure.name for closure in read.policy.schedule.closures}
    assert names > {"kerstvakantie", "herfstvakantie", "studiedag", "goede vrijdag"}
    assert "koningsdag" not in names
    assert [special.slot.name for special in read.policy.schedule.specials] == ["halve dag", "sportdag"]
    own = {rule.id: rule for rule in read.policy.rules if rule.basis.decided}
    assert set(own) == {"geen-kletsplein", "default-games"}
    assert own["default-games"].holds_in is HoldsIn.LESSON


def test_an_existing_school_file_is_kept(tmp_path):
    path = tmp_path / "school.yaml"
    path.write_text("mine")
    with pytest.raises(ConfigError, match="is there already; move it away first"):
        write_template(path)
    assert path.read_text() == "mine"


def test_a_template_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        write_template(tmp_path / "nowhere" / "school.yaml")


def test_a_missing_school_file_is_told_with_the_remedy(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: no such file or directory; `klaswacht up` writes one"):
        read_school(tmp_path / "school.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_school(tmp_path)


def test_an_unknown_protocol_is_told_with_the_nearest_one(tmp_path):
    assert "did you mean `kalisto`?" in complaint(base=SMALL.replace("kalisto", "kalist"))
    with pytest.raises(
        ConfigError, match="protocol `zonnetje` does not exist; known: `kalisto`, `kardinaal-de-jong`, "
    ):
        write_template(tmp_path / "school.yaml", "zonnetje")
    assert protocol_names() == ("kalisto", "kardinaal-de-jong", "martinus-twello", "regenboog", "verkruisen")


# --- settings ------------------------------------------------------------------------------------------------------


def test_a_full_file_becomes_settings(tmp_path):
    read = school(
        "school: {id: de-linde, name: De Linde}\nlanguage: en\nworkers: 3\n"
        "listen: {address: 0.0.0.0, proxy: 3128, keyed: 3129, dashboard: 443, "
        "name: Wacht.De-Linde.NL, groups: {7: 3107}}\n"
        "egress: {ports: [80, 443, 8443], hosts: {'kletsplein.test:443': '127.0.0.1:9443'}, trust: [a.pem]}\n"
        "tunnels: {dossier.de-linde.nl: own administration}\nretention: {blocked: 7}\n"
    )
    assert read.settings == Settings(
        school=School("de-linde", "De Linde"),
        protocol="kalisto",
        language="en",
        workers=3,
        listen=Listen("0.0.0.0", 3128, 3129, 443, "wacht.de-linde.nl", {"7": 3107}),
        egress=Egress((80, 443, 8443), {"kletsplein.test:443": "127.0.0.1:9443"}, (Path("a.pem").absolute(),)),
        tunnels={"dossier.de-linde.nl": "own administration"},
        retention={**RETENTION_DAYS, "blocked": 7},
    )


def test_the_schools_tunnels_and_dashboard_are_known_to_the_guard():
    read = school("listen: {name: wacht.de-linde.nl}\ntunnels: {dossier.de-linde.nl: own administration}\n")
    known = knowledge(read.settings)
    assert known.tunnels["dossier.de-linde.nl"] == "own administration"
    assert known.tunnels.items() > knowledge().tunnels.items()
    assert "wacht.de-linde.nl" in known.own_hosts
    assert known.lexicon is knowledge().lexicon


def test_pupils_have_a_host_of_their_own_beside_the_dashboards():
    named = school("listen: {name: bord.de-linde.nl}\n").settings
    assert named.listen.pupils_host == "wacht.bord.de-linde.nl"
    assert knowledge(named).own_hosts == {"bord.de-linde.nl"}  # and all below it
    chosen = school("listen: {name: bord.de-linde.nl, pupils: Hallo.De-Linde.nl}\n").settings
    assert chosen.listen.pupils_host == "hallo.de-linde.nl"
    assert knowledge(chosen).own_hosts == {"bord.de-linde.nl", "hallo.de-linde.nl"}
    assert school("listen: {name: 10.0.0.1}\n").settings.listen.pupils_host == "wacht.klaswacht.internal"


def test_pages_of_our_own_need_no_names_looked_up_here_and_reach_is_in_order_of_preference():
    listen = school("listen: {page: 80, reach: [Wacht-2.De-Linde.nl, 10.0.0.2, 'FD00::1', 10.0.0.2]}\n").settings.listen
    assert (listen.page, listen.dns) == (80, 0)
    assert listen.reach == ("wacht-2.de-linde.nl", "10.0.0.2", "fd00::1")


def test_balancers_and_the_transparent_port_are_written_in_one_way():
    listen = school("listen: {transparent: 8082, balancers: [10.0.0.5/32, 10.0.7.9/24, 'FD00::1']}\n").settings.listen
    assert (listen.transparent, listen.balancers) == (8082, ("10.0.0.5", "10.0.7.0/24", "fd00::1"))


def test_name_servers_are_written_in_one_way():
    more = "listen: {dns: 5300}\ndns: {upstream: [9.9.9.9, '2620:fe::fe', '10.0.0.1:5353', '[fd00::1]:54', 9.9.9.9]}\n"
    settings = school(more).settings
    assert settings.listen.dns == 5300
    assert settings.dns.upstream == ("9.9.9.9:53", "[2620:fe::fe]:53", "10.0.0.1:5353", "[fd00::1]:54")


def test_empty_keys_count_as_not_there():
    assert school("lists:\nrules:\ntunnels:\nlisten:\n").settings.listen.proxy == 8080


def test_a_host_is_made_canonical():
    assert school("lists: {social: [Kletsplein.TEST., kletsplein.test, bücher.de]}\n").policy.lists == {
        "social": ("kletsplein.test", "xn--bcher-kva.de")
    }


def test_a_host_where_everybody_has_a_site_may_be_listed_as_a_whole():
    assert school("lists: {games: [github.io]}\n").policy.lists == {"games": ("github.io",)}


def test_the_digest_is_of_the_bytes():
    assert school().digest == school().digest != school("# a note\n").digest


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("protcol: x\n", "school.yaml:5: unknown key `protcol`; did you mean `protocol`?"),
        ("listen: {prxy: 1}\n", "school.yaml:5: unknown key `prxy`; did you mean `proxy`?"),
        ("listen:\n  proxy: 8080\n  proxi: 1\n", "school.yaml:7: unknown key `proxi`"),
        ("zzz: 1\n", "unknown key `zzz`; known: `school`, `protocol`"),
        ("language: fr\n", "school.yaml:5: `fr` is not known here; known: `nl`, `en`"),
        ("language: NO\n", "`NO` is not known here"),
        ("workers: many\n", "school.yaml:5: `workers`: `many` is not a whole number"),
        ("workers: 010\n", "`010` is not a whole number; write digits only, without a zero in front"),
        ("workers: true\n", "`workers`: `true` is not a whole number"),
        ("workers: 0\n", "`workers`: `0` is too small; the least is `1`"),
        ("workers: 99\n", "`workers`: `99` is too big; the most is `16`"),
        ("workers: [2]\n", "is not a whole number"),
        ("school: 7\n", "`school`: `7` is not a block of `key: value` lines"),
        ("school: {id: 'a b'}\n", "`a b` is not an id"),
        ("school: {name: true}\n", "`true` is not text; put it in quotes"),
        ("listen: {address: localhost}\n", "`localhost` is not an ip address; write one like `127.0.0.1`"),
        ("listen: {proxy: 70000}\n", "`proxy`: `70000` is too big"),
        ("listen: {transparent: 8080}\n", "port `8080` is used for `proxy` and `transparent`"),
        (
            "listen: {balancers: [balancer]}\n",
            "`balancer` is not an ip address or a network; write one like `10.0.0.5`",
        ),
        ("listen: {balancers: [10.0.0.0/33]}\n", "`10.0.0.0/33` is not an ip address or a network"),
        ("listen: {balancers: [0.0.0.0/0]}\n", "`0.0.0.0/0` is everybody"),
        (
            "listen: {dns: 53}\n",
            "school.yaml:5: `listen.dns` is on, but no server is named; write `dns: {upstream: [...]}`",
        ),
        (
            "listen: {pupils: klaswacht.internal}\n",
            "`klaswacht.internal` is the dashboard's own name; write another name",
        ),
        ("listen: {name: a.nl, pupils: A.nl.}\n", "school.yaml:5: `a.nl` is the dashboard's own name"),
        ("listen: {pupils: 10.0.0.1}\n", "`10.0.0.1` is not a name; addresses go into `reach`"),
        ("listen: {pupils: vertel.klaswacht.internal}\n", "is where pupils tell what happened; write another name"),
        ("listen: {reach: [10.0.0.1, 0.0.0.0]}\n", "`0.0.0.0` is not the address of one computer"),
        ("listen: {reach: ['a.nl:80']}\n", "`a.nl:80` is not a host; write `a.nl`"),
        ("listen:\n  reach: ['a.nl; DIRECT']\n", "is not a host"),
        ("listen: {dns: 53, page: 53}\ndns: {upstream: [9.9.9.9]}\n", "port `53` is used for `dns` and `page`"),
        ("listen: {dns: 53, address: 0.0.0.0}\ndns: {upstream: [9.9.9.9]}\n", "nobody can tell where a closed name"),
        ("listen: {dns: 53, address: '::1'}\ndns: {upstream: [9.9.9.9]}\n", "nobody can tell where a closed name"),
        ("listen: {dns: 53}\ndns: {upstream: [127.0.0.1]}\n", "`127.0.0.1:53` is the guard itself"),
        ("dns: {upstream: [dns.example]}\n", "`dns.example` is not an ip address"),
        ("dns: {upstream: ['9.9.9.9:0']}\n", "`9.9.9.9:0` has no port; write it like `192.168.1.1:53`"),
        ("dns: {answer_with: 0.0.0.0}\n", "`0.0.0.0` is not the address of one computer"),
        ("dns: {answer_with: '::1'}\n", "`::1` is not the address of one computer"),
        ("dns: {zones: {intern.nl: []}}\n", "`intern.nl`"),
        ("listen: {proxy: 8081}\n", "school.yaml:5: port `8081` is used for `proxy` and `keyed`"),
        ("listen:\n  groups:\n    7: 8080\n", "school.yaml:6: port `8080` is used for `proxy` and `groups.7`"),
        ("lists: {social: kletsplein.test}\n", "`social`: `kletsplein.test` is not a list; write it like"),
        ("lists: {social: ['https://x.test/a']}\n", "`https://x.test/a` is not a host; write `x.test`"),
        ("lists: {social: ['*.x.test']}\n", "write `x.test`: its sub-domains are included"),
        ("lists: {social: ['x.test:443']}\n", "`x.test:443` is not a host; write `x.test`"),
        ("lists: {social: [co.uk]}\n", "`co.uk` stands for every site below it"),
        ("lists: {social: [nl]}\n", "`nl` stands for every site below it"),
        ("lists: {social: ['a b']}\n", "`a b` is not a host"),
        ("lists: {social: [7.5]}\n", "`7.5` is not text"),
        ("lists: {socail: [x.test]}\n", "no rule speaks of category `socail`; did you mean `social`?"),
        ("lists: {'Social!': [x.test]}\n", "`Social!` is not a name"),
        ("open_sites: [pornhub.com]\n", "`pornhub.com` is in `adult`, which nobody can open"),
        ("tunnels: {www.instagram.com: fun}\n", "`www.instagram.com` is in `social`: a tunnel is not looked into"),
        ("tunnels: {x.test: }\n", "`(nothing)` is not text"),
        ("tunnels: {x.test: ''}\n", "is not a line of text"),
        ("egress: {hosts: {intranet.nl: '127.0.0.1:1'}}\n", "`intranet.nl` has no port"),
        ("egress: {hosts: {'intranet.nl:443': 'box:1'}}\n", "`box` is not an ip address"),
        ("egress: {ports: [0]}\n", "`0` is too small"),
        ("retention: {blocked: 15}\n", "`15` is not a number of days from 1 to 14; it can only be made shorter"),
        ("retention: {signals: 31}\n", "`31` is not a number of days from 1 to 30; it can only be made shorter"),
        ("retention: {forever: 1}\n", "unknown key `forever`"),
        ("retention: {audit: lots}\n", "`lots` is not a number of days"),
    ],
)
def test_a_wrong_setting_is_told_with_line_and_remedy(more, said):
    assert said in complaint(more)


def test_a_missing_key_is_told():
    assert complaint(base="schedule: {}\n") == "school.yaml:1: `protocol` is missing; add a line `protocol: ...`"


@pytest.mark.parametrize("text", ["", "[]", "just words", "7", "# only a note\n"])
def test_a_file_that_is_no_school_is_told(text):
    assert "is not a block of `key: value` lines" in complaint(base=text)


def test_a_certificate_that_is_not_there_is_told(tmp_path):
    path = tmp_path / "school.yaml"
    path.write_text(SMALL + "egress:\n  trust: [ca.pem]\n")
    with pytest.raises(ConfigError, match=r"school\.yaml:6: file `ca.pem` is not there"):
        read_school(path)


def test_the_first_mistake_in_the_file_is_told_first():
    assert complaint("workers: x\nlanguage: y\n").startswith("school.yaml:5: `workers`")
    assert complaint("language: y\nworkers: x\n").startswith("school.yaml:5: `y`")


# --- the timetable -------------------------------------------------------------------------------------------------


def day(text):
    rows = f"protocol: kalisto\nschedule:\n  days:\n    mon:\n      {text}\n"
    return parse_school(rows.encode()).policy.schedule.days[0]


def told(slots):
    return [f"{slot.kind} {slot.start:%H:%M}-{slot.end:%H:%M}" for slot in slots]


def test_breaks_are_cut_out_of_lessons():
    assert told(day("lessons: ['08:30-14:00']\n      breaks: ['12:00-12:30', '10:15-10:30']")) == [
        "lesson 08:30-10:15",
        "break 10:15-10:30",
        "lesson 10:30-12:00",
        "break 12:00-12:30",
        "lesson 12:30-14:00",
    ]


def test_free_time_in_the_middle_of_the_day_is_no_hole():
    assert told(day("lessons: ['08:30-12:00', '13:00-15:00']\n      free: ['12:00-13:00']")) == [
        "lesson 08:30-12:00",
        "lesson 13:00-15:00",
    ]


def test_a_break_may_fill_the_time_between_lessons():
    assert told(day("lessons: ['08:30-12:00', '13:00-15:00']\n      breaks: ['12:00-13:00']"))[1] == "break 12:00-13:00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lessons: ['08:30-12:00', '13:00-15:00']", "school.yaml:4: nothing says what `12:00-13:00` is"),
        ("lessons: ['08:30-12:00',\n        '11:00-15:00']", "school.yaml:6: `08:30-12:00` and `11:00-15:00` overlap"),
        ("lessons: ['08:30-14:00']\n      breaks: ['10:00-10:30', '10:15-10:45']", "school.yaml:6: `10:00-10:30` and"),
        (
            "breaks: ['10:00-10:30']\n      free: ['10:15-11:00']",
            "school.yaml:6: `10:15-11:00` is both a break and free",
        ),
        ("lessons: [08:30-14:00, 14:00-08:30]", "school.yaml:5: `14:00-08:30` ends before it starts"),
        ("lessons: [8:30-14:00]", "`8:30-14:00` is not a stretch of time; write it like `08:30-14:00`"),
        ("lessons: [08:30-25:00]", "`08:30-25:00` is not a stretch of time"),
        ("lessons: [08:30]", "`08:30` is not a stretch of time"),
        ("lessons: 08:30-14:00", "`lessons`: `08:30-14:00` is not a list"),
        ("lesons: []", "unknown key `lesons`; did you mean `lessons`?"),
    ],
)
def test_a_wrong_day_is_told_with_line_and_remedy(text, said):
    with pytest.raises(ConfigError) as caught:
        day(text)
    assert said in str(caught.value)


def test_a_group_has_the_schools_week_but_for_its_own_days():
    schedule = school("  groups:\n    1:\n      tue: {lessons: ['08:30-12:00']}\n      mon: {}\n").policy.schedule
    assert schedule.groups["1"] == {0: (), 1: (schedule.groups["1"][1][0],)}
    assert schedule.groups["1"][1][0].kind is PeriodKind.LESSON


@pytest.mark.parametrize(
    ("closed", "said"),
    [
        ("{from: 2027-01-03, to: 2026-12-19}", "`to` `2026-12-19` lies before `from` `2027-01-03`; swap them"),
        ("{from: soon}", "`from`: `soon` is not a day; write it like `2026-12-19`, without quotes"),
        ("{to: 2026-12-19}", "`from` is missing"),
        ("{from: 2026-13-01}", "not a day of the calendar"),
    ],
)
def test_a_wrong_holiday_is_told(closed, said):
    assert said in complaint(f"  closed:\n    - {closed}\n")


def test_a_holiday_of_one_day_needs_no_end():
    closure = school("  closed: [{from: 2026-11-27, name: studiedag}]\n").policy.schedule.closures[0]
    assert (closure.first, closure.last, closure.name) == (date(2026, 11, 27), date(2026, 11, 27), "studiedag")


# --- a school's own decisions --------------------------------------------------------------------------------------

RULE = "rules:\n  - id: {id}\n    basis: {basis}\n    facet: {facet}\n    {target}\n"


def rule(target="sites: [x.test]", id="own", basis="{decided: 2026-09-01, note: team}", facet="place"):
    return RULE.format(id=id, basis=basis, facet=facet, target=target)


def test_an_own_decision_becomes_a_rule_with_its_date():
    found = next(r for r in school(rule()).policy.rules if r.id == "own")
    assert found.basis.kind is BasisKind.SCHOOL
    assert found.basis.decided == date(2026, 9, 1)
    assert (found.facet, found.effect, found.sites) == (Facet.PLACE, Effect.DENY, ("x.test",))
    assert (found.roles, found.holds_in) == (frozenset({Role.PUPIL}), HoldsIn.SCHOOL_HOURS)
    assert found.liftable_by is LiftableBy.TEACHER


def test_an_own_decision_may_take_the_place_of_a_default():
    text = rule("categories: [games]\n    effect: allow", id="default-games")
    games = [r for r in school(text).policy.rules if "games" in r.categories and r.facet is Facet.PLACE]
    assert [(r.id, r.effect) for r in games] == [("default-games", Effect.ALLOW)]


def test_a_dated_decision_may_take_the_place_of_the_protocols_rule_stricter_or_looser():
    stricter = school(rule("categories: [social, video, chat]\n    liftable_by: management", "kalisto-social")).policy
    found = [r for r in stricter.rules if r.id == "kalisto-social"]
    assert [(r.basis.decided, r.liftable_by) for r in found] == [(date(2026, 9, 1), LiftableBy.MANAGEMENT)]
    open_ = "categories: [social]\n    effect: allow"
    looser = school(rule(open_, "kalisto-social") + rule(open_, "default-social")[7:]).policy
    social = [r for r in looser.rules if r.facet is Facet.PLACE and "social" in r.categories and Role.PUPIL in r.roles]
    assert {r.effect for r in social if not r.second_thought} == {Effect.ALLOW}


def test_an_own_decision_may_speak_of_a_list_of_the_schools_own():
    read = school("lists: {voetbal: [vi.test]}\n" + rule("categories: [voetbal]"))
    assert read.policy.lists["voetbal"] == ("vi.test",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rule(id="floor-places"), "rule id `floor-places` is taken by the safety floor; choose another id"),
        (rule(id="kalisto-social", basis="{law: x}"), "takes the place of the protocol's and rests on no decision"),
        (rule("actions: [chat]", "kalisto-social", facet="action"), "`kalisto-social` is about `place`, and this one"),
        (
            rule("categories: [social]\n    effect: allow", "kalisto-social"),
            "rule `kalisto-social` opens `social`, but rule `default-social` keeps it closed; give a decision",
        ),
        (
            rule("categories: [adult]\n    effect: allow"),
            "rule `own` opens `adult`, but rule `floor-places` keeps it closed; leave it out; nobody at school opens",
        ),
        (
            rule("categories: [games]\n    effect: hold\n    second_thought: true", "default-games"),
            "a reminder at a place is for staff; leave `pupil` out of `roles`",
        ),
        (rule("apps: [vpn]\n    effect: allow", facet="app"), "opens `vpn`, but rule `floor-apps` keeps it closed"),
        (rule("kinds: [sex]\n    effect: allow", facet="words"), "opens `sex`, but rule `default-words` keeps it"),
        (
            "rules:\n  - {id: a, basis: {decided: 2026-09-01}, gate: locked, sites: [x.nl], effect: allow}\n",
            "in `open_sites`",
        ),
        (rule() + rule()[7:], "school.yaml:10: rule id `own` is here twice"),
        (rule(basis="{clause: kalisto.pupils.80}"), "clause `kalisto.pupils.80` does not exist; did you mean"),
        (rule(basis="{safety: because}"), "only the factory's own rules rest on `safety` or `default`"),
        (rule(basis="{default: because}"), "only the factory's own rules rest on `safety` or `default`"),
        (rule(basis="{note: why}"), "a basis is one of `clause`, `decided`, `law`; for a decision of the school write"),
        (rule(basis="{decided: 2026-09-01, law: x}"), "not 2 of them"),
        (rule(basis="{decided: last week}"), "`decided`: `last week` is not a day"),
        (rule("categories: [gams]"), "school.yaml:9: category `gams` does not exist; did you mean `games`?"),
        (rule("groups: [7]"), "rule `own` says nothing about what it is for; add `categories` or `sites`"),
        (rule("kinds: [sex]"), "`kinds` means nothing for `place`; remove `kinds`"),
        (rule("kinds: [help]", facet="words"), "`help` is not known here; known: `coarse`"),
        (rule("actions: [chat]\n    media: [picture]", facet="action"), "`media` is for uploads only"),
        (rule("gate: break"), "rule `own` needs one of `facet` and `gate`"),
        (rule("gate: help", facet=""), "`help` is not known here; known: `locked`, `break`"),
        (rule("effect: help"), "`help` is not known here; known: `allow`, `deny`, `hold`"),
        (rule("roles: []\n    sites: [x.test]"), "`roles` is empty"),
        (rule("roles: [leerling]"), "`leerling` is not known here; known: `pupil`"),
        (rule("sites: [x.test]\n    liftable_by: nobody\n    consent: true"), "`consent` is for a rule that somebody"),
        (rule("sites: [x.test]\n    consent: YES"), "`consent`: `YES` is neither `true` nor `false`"),
        (rule("sites: [x.test]\n    holds_in: always"), "`always` is not known here; known: `lesson`"),
        (rule("apps: [a/b]", facet="app"), "`a/b` is not a program name"),
        (rule(id="Own Rule"), "`Own Rule` is not a name"),
        ("rules: none\n", "`rules`: `none` is not a list"),
        ("rules: [none]\n", "is not a block of `key: value` lines"),
    ],
)
def test_a_wrong_rule_is_told_with_line_and_remedy(text, said):
    assert said in complaint(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("words: {terms: [{text: ab, kind: coarse}]}", "`ab` has too few letters"),
        ("words: {terms: [{text: boos, kind: angry}]}", "`angry` is not known here"),
        ("words: {terms: [{text: boos, kind: coarse, severity: 9}]}", "severity"),
        ("domains: [nl]", "`nl` stands for every site below it"),
    ],
)
def test_a_wrong_word_or_domain_is_named_with_its_line(tmp_path, text, problem):
    path = tmp_path / "school.yaml"
    write_template(path)
    kept = [row for row in path.read_text().splitlines() if row.strip() not in ("words:", "terms: []", "passed: []")]
    path.write_text("\n".join(row for row in kept if row != "domains: []") + f"\n{text}\n")
    with pytest.raises(ConfigError, match=problem):
        read_school(path)


def test_a_second_thought_is_for_what_is_held(tmp_path):
    path = tmp_path / "school.yaml"
    write_template(path)
    rule = "{id: a, basis: {decided: 2026-09-01}, facet: words, kinds: [sex], second_thought: true}"
    path.write_text(path.read_text().replace("rules: []", f"rules: [{rule}]"))
    with pytest.raises(ConfigError, match="`second_thought` releases what is held"):
        read_school(path)
