"""A table of names says what the index in memory says, and what is damaged is refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.match import HostIndex, Layers, covers
from policy.nametable import Builder, NameTable, NameTableError, size_for

_LABEL = st.text(alphabet="abx", min_size=1, max_size=3)
_HOST = st.lists(_LABEL, min_size=1, max_size=4).map(".".join)
_LISTS = st.dictionaries(
    st.sampled_from(["social", "chat", "games", "adult"]), st.lists(_HOST, max_size=12), max_size=4
)
_SEED = st.integers(0, 2**64 - 1)


def made(lists: dict[str, list[str]], seed: int = 7) -> bytes:
    most = sum(map(len, lists.values()))
    buffer = bytearray(size_for(most))
    builder = Builder(buffer, most, seed)
    for category, hosts in lists.items():
        builder.add((host.encode() for host in hosts), category)
    tail = builder.finish()
    return bytes(buffer) + tail


def test_box_com_is_not_x_com() -> None:
    table = NameTable(made({"social": ["x.com"], "video": ["a.nl"], "chat": ["chat.a.nl", "a.nl"]}))
    assert table.categories("www.x.com") == {"social"}
    assert table.categories("box.com") == table.categories("x.com.nl") == table.categories("") == frozenset()
    assert table.categories("www.chat.a.nl") == {"video", "chat"}
    assert table.known() == {"social", "video", "chat"}
    assert len(table) == 3


@given(_LISTS, _HOST, _SEED)
def test_the_table_says_what_the_index_in_memory_and_a_slow_look_say(lists, host, seed) -> None:
    table, index = NameTable(made(lists, seed)), HostIndex.of(lists)
    slow = {category for category, hosts in lists.items() if any(covers(site, host) for site in hosts)}
    assert table.categories(host) == index.categories(host) == slow
    assert table.known() == index.known()
    assert len(table) == len(index)
    assert table.sound()


@given(_LISTS, _LISTS, _HOST)
def test_layers_say_what_all_of_them_say(first, second, host) -> None:
    layers = Layers((HostIndex.of(first), NameTable(made(second))))
    assert layers.categories(host) == HostIndex.of(first).categories(host) | HostIndex.of(second).categories(host)
    assert layers.known() == {category for one in (first, second) for category, hosts in one.items() if hosts}


def test_a_hundred_thousand_names_are_all_found_again_and_no_other() -> None:
    names = [f"site{number}.example{number % 97}.nl" for number in range(100_000)]
    table = NameTable(made({"games": names}))
    assert len(table) == 100_000
    assert all(table.categories(name) == {"games"} for name in names)
    assert not any(table.categories(f"other{number}.example{number % 97}.nl") for number in range(100_000))


def test_more_names_than_there_is_room_for_are_refused() -> None:
    builder = Builder(bytearray(size_for(1)), 1, 7)
    assert builder.add([b"a.nl", b"a.nl"], "games") == 1
    with pytest.raises(NameTableError, match="room"):
        builder.add([b"b.nl"], "games")


def test_an_empty_table_knows_nothing() -> None:
    table = NameTable(made({}))
    assert not table.categories("a.nl")
    assert not table.known()
    assert len(table) == 0


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda whole: b"", "too short"),
        (lambda whole: whole[:40], "too short"),
        (lambda whole: b"<!doctype html>" + b" " * 100, "not a table"),
        (lambda whole: whole[:-1], "size"),
        (lambda whole: whole + b"\0", "size"),
        (lambda whole: whole[:8] + struct.pack("=I", 2) + whole[12:], "version 2"),
        (lambda whole: whole[:16] + b"\xff" + whole[17:], "damaged"),
        (lambda whole: whole[:24] + b"\xff" * 8 + whole[32:], "size"),
        (lambda whole: whole[:32] + b"\x01" + whole[33:], "checksum"),
        (lambda whole: whole[:-5] + b"q" + whole[-4:], "checksum"),
    ],
)
def test_a_damaged_table_is_refused_with_the_reason(damage, told) -> None:
    whole = made({"social": ["x.com"]})
    NameTable(whole)
    with pytest.raises(NameTableError, match=told):
        NameTable(damage(whole))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data) -> None:
    with pytest.raises(NameTableError):
        NameTable(data)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_anywhere_is_noticed(place, change) -> None:
    whole = bytearray(made({"social": ["x.com", "y.com"], "chat": ["x.com"]}))
    whole[place % len(whole)] ^= change
    try:
        table = NameTable(whole)
    except NameTableError:
        return
    assert not table.sound()


def test_the_names_of_one_seed_do_not_fall_in_the_places_of_another() -> None:
    assert made({"social": ["x.com"]}, 1) != made({"social": ["x.com"]}, 2)
