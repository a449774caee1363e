"""Every form of feed is read by one door; what is wild, damaged or too big never does more than say so."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.feeds import packed
from config.feeds.formats import FORMS, opened
from config.feeds.lines import LINE_FORMS, LONGEST_LINE, Tally, form_of, lines_of, name_of
from config.feeds.packed import FeedError
from config.feeds.v2fly import names as names_of_v2fly
from policy.address import canonical_host

DOMAINS = """# a list
one.example
*.two.example
.three.example
Four.EXAMPLE
five.example # with a word about it
münchen.example
1.2.3.4
10.0.0.0/8
not a name
http://six.example/path
"""
HOSTS = """127.0.0.1 localhost
::1 localhost ip6-loopback
0.0.0.0 0.0.0.0
0.0.0.0 one.example two.example # both
127.0.0.1\tthree.example
0 four.example
216.239.38.120 www.google.com
"""
DNSMASQ = """# dnsmasq
local=/one.example/
address=/two.example/three.example/0.0.0.0
address=/four.example/#
server=/five.example/
server=/two.example/#
server=/six.example/9.9.9.9
address=/seven.example/216.239.38.120
cache-size=1000
"""
ADBLOCK = """[Adblock Plus 2.0]
! Title: a list
||one.example^
||two.example^$important
||three.example^$all
||four.example^$third-party
||five.example/path^
||six.example
@@||two.example^
@@||seven.example^$document
||www.two.example^
||eight.*^
seven.example##.ad
example.com#@#.ad
nine.example
0.0.0.0 ten.example
/banner/*.gif
"""
RPZ = """$TTL 300
@ SOA localhost. root.localhost. 1 43200 3600 259200 300
  NS localhost.
one.example CNAME .
*.one.example CNAME .
two.example 300 IN CNAME rpz-drop.
three.example CNAME rpz-passthru.
four.example CNAME safe.search.example.
32.1.2.0.192.rpz-ip CNAME .
three.example CNAME .
"""
READ = {
    "domains": (DOMAINS, "one two three four five xn--mnchen-3ya 1.2.3.4"),
    "hosts": (HOSTS, "one two three four"),
    "dnsmasq": (DNSMASQ, "one two three four five"),
    "adblock": (ADBLOCK, "one two three www.two nine ten"),
    "rpz": (RPZ, "one one two three"),
}


def whole(names: str) -> list[str]:
    return [name if name[0].isdigit() else f"{name}.example" for name in names.split()]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, form: str | None = None, part: str = "") -> list[str]:
    return list(opened(path, form, part).names())


@pytest.mark.parametrize("form", READ)
def test_a_form_is_found_out_and_its_names_are_read(form, tmp_path):
    text, names = READ[form]
    reading = opened(write(tmp_path / "list", text))
    assert reading.form == form
    assert list(reading.names()) == whole(names)
    assert reading.tally.taken == len(names.split())
    assert read(tmp_path / "list", form) == whole(names)


@pytest.mark.parametrize("form", READ)
def test_line_ends_of_other_systems_and_a_byte_order_mark_make_no_difference(form, tmp_path):
    text, names = READ[form]
    (tmp_path / "list").write_bytes(text.replace("\n", "\r\n").encode())
    assert read(tmp_path / "list", form) == whole(names)


def skipped(form: str) -> dict[str, int]:
    tally = Tally()
    list(LINE_FORMS[form](READ[form][0].splitlines(), tally))
    return dict(tally.skipped)


def test_what_is_skipped_is_counted_by_reason():
    assert skipped("domains") == {"range": 1, "no_name": 2}
    assert skipped("hosts") == {"own_machine": 4, "redirect": 1}
    assert skipped("dnsmasq") == {"redirect": 2, "other_rule": 1}
    assert skipped("adblock") == {"options": 1, "path": 2, "pattern": 2, "cosmetic": 2}
    assert skipped("rpz") == {"redirect": 1, "other_rule": 1}


def test_exceptions_are_told_apart_from_names():
    for form, expected in (("adblock", {"two", "seven"}), ("dnsmasq", {"two"}), ("rpz", {"three"})):
        tally = Tally()
        list(LINE_FORMS[form](READ[form][0].splitlines(), tally))
        assert tally.exceptions == {f"{name}.example" for name in expected}


# --- folders and archives ------------------------------------------------------------------------------------------


def ut1(folder: Path) -> Path:
    for name, text in (("adult", "one.example\ntwo.example\n"), ("games", "three.example\n")):
        (folder / name).mkdir(parents=True)
        (folder / name / "domains").write_text(text)
        (folder / name / "urls").write_text("four.example/path\n")
    return folder


def tarred(folder: Path, path: Path) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, arcname=folder.name)
    return path


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder.parent))
    return path


@pytest.mark.parametrize("wrap", [lambda folder, _: folder, tarred, zipped])
def test_a_category_of_ut1_is_read_from_a_folder_a_tar_and_a_zip(wrap, tmp_path):
    source = wrap(ut1(tmp_path / "dest"), tmp_path / "packed")
    reading = opened(source, None, "adult")
    assert (reading.form, list(reading.names())) == ("ut1", ["one.example", "two.example"])
    with pytest.raises(FeedError, match=r"several lists in it; name one.*`adult`, `games`"):
        opened(source)
    with pytest.raises(FeedError, match="no `sport` in it"):
        opened(source, "ut1", "sport")


V2FLY = {
    "category-games": "include:maker @!cn\ninclude:shop @-ads\ninclude:nowhere\ngame.example\n",
    "maker": "domain:maker.example @!cn\nfull:www.maker.example @!cn # a word\nmaker.cn @cn\ninclude:category-games\n",
    "shop": "shop.example\nads.shop.example @ads\nkeyword:shop\nregexp:^shop\\d+\\.example$\n",
}


def v2fly(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    for name, text in V2FLY.items():
        (folder / "data" / name).write_text(text)
    (folder / "README.md").write_text("# not a list\n")
    return folder


@pytest.mark.parametrize("wrap", [lambda folder, _: folder, lambda folder, _: folder / "data", tarred, zipped])
def test_a_list_of_v2fly_takes_what_it_includes_by_attribute(wrap, tmp_path):
    source = wrap(v2fly(tmp_path / "v2"), tmp_path / "packed")
    reading = opened(source, None, "category-games")
    assert reading.form == "v2fly"
    expected = {"game.example", "maker.example", "www.maker.example", "shop.example"}
    assert set(reading.names()) == expected
    assert reading.tally.skipped == {"keyword": 1, "regexp": 1, "include_missing": 1}
    with pytest.raises(FeedError, match="name one after a `#`"):
        opened(source, "v2fly")


def test_one_file_of_v2fly_alone_is_read_too(tmp_path):
    reading = opened(write(tmp_path / "feed", "domain:one.example\nfull:two.example\ninclude:three\n"))
    assert reading.form == "v2fly"
    assert list(reading.names()) == ["one.example", "two.example"]


def test_lists_that_include_each_other_without_end_are_soon_read():
    files = {f"l{n}": [f"include:l{(n + 1) % 40} @a{n}", f"include:l{(n + 7) % 40} @-b{n}"] for n in range(40)}
    tally, start = Tally(), time.monotonic()
    assert list(names_of_v2fly(files.get, "l0", tally)) == []
    assert tally.skipped["include_too_many"] > 0
    assert time.monotonic() - start < 30


def test_a_gzipped_file_is_read(tmp_path):
    (tmp_path / "hosts.gz").write_bytes(gzip.compress(HOSTS.encode()))
    assert read(tmp_path / "hosts.gz") == whole(READ["hosts"][1])


@pytest.mark.data
def test_the_real_data_of_v2fly_is_read():
    import os

    folder = Path(os.environ["KLASWACHT_TEST_DATA"]) / "domains-v2fly"
    assert {"steampowered.com", "roblox.com"} <= set(read(folder, None, "category-games"))
    assert "discord.com" in read(folder, "v2fly", "discord")


# --- what is no feed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "nothing in it"),
        (b"\n\n  \n", "nothing in it"),
        (b"<!DOCTYPE html><html><body>one.example</body></html>", "a web page"),
        (b"\xef\xbb\xbf\n<html>", "a web page"),
        (b"<?xml version='1.0'?><error/>", "a web page"),
        (b'{"message": "rate limit"}', "which form"),
        (b"PK\x03\x04 and no more", "cut off or damaged"),
        (b"\x1f\x8b\x08\x00 and no more", "cannot be read|damaged"),
        (gzip.compress(b"one.example\n" * 10_000, mtime=0)[:60], "damaged"),
        (b"BZh9 and no more", "packed in a way"),
    ],
)
def test_what_is_no_list_is_refused_with_the_reason(data, told, tmp_path):
    (tmp_path / "feed").write_bytes(data)
    with pytest.raises(FeedError, match=told) as refused:
        read(tmp_path / "feed")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("form", FORMS)
def test_a_web_page_is_refused_in_every_form(form, tmp_path):
    with pytest.raises(FeedError):
        read(write(tmp_path / "feed", "<!doctype html>\n<p>Log in</p>\n"), form, "x")


def test_an_archive_that_leads_out_of_its_folder_writes_nothing(tmp_path):
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        for name in ("../../escaped/domains", "/tmp/escaped-absolute/domains"):
            info = tarfile.TarInfo(name)
            info.size = 12
            tar.addfile(info, io.BytesIO(b"one.example\n"))
        link = tarfile.TarInfo("adult/domains")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "evil.tar.gz").replace(inside / "evil.tar.gz")
    assert read(inside / "evil.tar.gz", "ut1", "escaped") == ["one.example"]
    with pytest.raises(FeedError, match="no `adult`"):
        read(inside / "evil.tar.gz", "ut1", "adult")
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "evil.tar.gz"]
    assert not Path("/tmp/escaped-absolute").exists()


@pytest.mark.evasion("S10")
def test_what_unfolds_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST_BYTES", 1 << 20)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"one.example\n" * 200_000))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("adult/domains", b"one.example\n" * 200_000)
    for name, part in (("bomb.gz", ""), ("bomb.zip", "adult")):
        with pytest.raises(FeedError, match="unpacks to more than"):
            read(tmp_path / name, None, part)


def test_an_archive_of_too_many_files_is_refused_before_they_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST_MEMBERS", 50)
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(60):
            archive.writestr(f"{number}", b"")
    with tarfile.open(tmp_path / "many.tar", "w") as tar:
        for number in range(60):
            tar.addfile(tarfile.TarInfo(f"{number}"))
    for name in ("many.zip", "many.tar"):
        with pytest.raises(FeedError, match="more than 50 files"):
            read(tmp_path / name)


def test_a_tar_header_that_wants_all_memory_is_refused(tmp_path):
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 1 << 30
    (tmp_path / "evil.tar").write_bytes(info.tobuf() + b"\0" * 4096)
    with pytest.raises(FeedError, match="header of more than a megabyte"):
        read(tmp_path / "evil.tar")


# --- any input -----------------------------------------------------------------------------------------------------

quick = settings(deadline=None, suppress_health_check=list(HealthCheck))
PIECES = """|| @@ ^ $ ## #@# all , / * . .. - _ xn-- 0.0.0.0 127.0.0.1 :: local=/ address=/ server=/ # ! ;
include: domain: full: keyword: @ CNAME $ORIGIN rpz-passthru. a.nl www.B.example ü 10.0.0.0/8 0x7f.1 [::1] %2e http://
user:p@ss@"""
PIECE = st.sampled_from([*PIECES.split(), " ", "\t", "\0", "\ufeff", "\u2028"])
LINE = st.lists(PIECE | st.text(max_size=4), max_size=8).map("".join)


@quick
@given(st.sampled_from(sorted(LINE_FORMS)), st.lists(LINE, max_size=8))
def test_any_lines_give_canonical_names_and_never_an_error(form, lines):
    tally = Tally()
    names = list(LINE_FORMS[form](lines, tally))
    assert len(names) == tally.taken
    assert all(canonical_host(name) == name for name in [*names, *tally.exceptions])
    form_of(lines)


@quick
@given(st.lists(LINE, max_size=6), st.lists(LINE, max_size=6))
def test_any_lines_of_v2fly_too(first, second):
    tally = Tally()
    names = list(names_of_v2fly({"a": first, "b": ["include:a", *second]}.get, "b", tally))
    assert all(canonical_host(name) == name for name in names)


@quick
@given(st.text(alphabet="abz019-_.xn", max_size=20))
@example("xn--a.nl")
@example("a.0x7f")
@example("-a-.b-")
@example("a..b")
@example("a_b.c_d")
@example("1.2.3")
@example("x.1a")
@example("a." * 130 + "nl")
def test_the_fast_way_to_a_name_gives_what_the_long_one_gives(text):
    assert name_of(text) == canonical_host(text)


@quick
@given(st.sampled_from([b"", b"\x1f\x8b\x08", b"PK\x03\x04", b"||a^\n", b"0.0.0.0 a.nl\n"]), st.binary(max_size=400))
def test_any_bytes_are_a_list_or_one_clear_line(tmp_path_factory, start, data):
    path = tmp_path_factory.mktemp("any") / "feed"
    path.write_bytes(start + data)
    for form in (None, "ut1", "v2fly", "hosts"):
        try:
            names = read(path, form)
        except FeedError as error:
            assert str(error)
            assert "\n" not in str(error)
        else:
            assert all(canonical_host(name) == name for name in names)


@quick
@given(st.binary(max_size=200), st.integers(0, 60), st.integers(1, 255))
def test_any_damage_in_an_archive_is_one_clear_line(tmp_path_factory, data, place, change):
    path = tmp_path_factory.mktemp("any") / "feed"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("adult/domains", b"one.example\n" + data)
    broken = bytearray(path.read_bytes())
    broken[-place - 1] ^= change
    path.write_bytes(broken)
    try:
        read(path, "ut1", "adult")
    except FeedError as error:
        assert "\n" not in str(error)


@quick
@given(st.binary(max_size=2000), st.integers(1, 64))
def test_lines_do_not_depend_on_how_the_file_was_cut(data, size):
    class Drops(io.BytesIO):
        def read(self, _size=-1):
            return super().read(size)

    assert list(lines_of(Drops(data), Tally())) == list(lines_of(io.BytesIO(data), Tally()))


def test_a_line_without_an_end_is_skipped_and_the_next_one_read():
    tally = Tally()
    data = b"one.example\n" + b"x" * 3_000_000 + b"\ntwo.example\n" + b"y" * (LONGEST_LINE + 1)
    assert list(lines_of(io.BytesIO(data), tally)) == ["one.example", "two.example"]
    assert tally.skipped == {"too_long": 2}


@pytest.mark.parametrize("form", sorted(LINE_FORMS))
@pytest.mark.parametrize("piece", [".", "a.", "||^", "=/", "#", "0 ", "$a,", "@@"])
def test_no_line_takes_long(form, piece):
    line = piece * (4000 // len(piece))
    start = time.monotonic()
    for _ in range(50):
        list(LINE_FORMS[form]([line, "local" + line, "||" + line], Tally()))
    assert time.monotonic() - start < 10
