"""A sealed file opens for whom it was closed for, and says nothing when a single bit is another one."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.backup.envelope import Opener, Sealer
from cli.backup.locks import BackupError, Passphrase, Private, Public

KEY = Private.made()
OTHER = Private.made()
CHUNK = 64 * 1024


def sealed(data: bytes, lock=KEY.public) -> bytes:
    file = BytesIO()
    sealer = Sealer(file, lock)
    for start in range(0, len(data), 10_000):
        sealer.write(data[start : start + 10_000])
    sealer.close()
    return file.getvalue()


def opened(data: bytes, lock=KEY) -> bytes:
    opener = Opener(BytesIO(data), lock)
    return b"".join(iter(lambda: opener.read(7_777), b""))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 200_001])
def test_what_was_closed_opens_whatever_its_size(size):
    data = bytes(number % 251 for number in range(size))
    assert opened(sealed(data)) == data


def test_it_opens_with_the_same_words_however_they_are_typed_and_with_no_others():
    closed = sealed(b"kinderen", Passphrase("vijf losse woorden én een komma"))
    assert opened(closed, Passphrase(" vijf losse woorden e\u0301n een komma ")) == b"kinderen"
    with pytest.raises(BackupError) as told:
        opened(closed, Passphrase("vijf losse woorden en een komma"))
    assert told.value.code == "wrong_words"


def test_another_key_or_another_kind_of_lock_is_told_as_such():
    closed = sealed(b"kinderen")
    for lock, code in (
        (OTHER, "wrong_key"),
        (Passphrase("vijf losse woorden"), "other_key"),
        (KEY.public, "other_key"),
    ):
        with pytest.raises(BackupError) as told:
            opened(closed, lock)
        assert told.value.code == code
    with pytest.raises(BackupError) as told:
        opened(sealed(b"kinderen", Passphrase("vijf losse woorden")), KEY)
    assert told.value.code == "other_lock"


@given(at=st.integers(0, 10_000_000), bit=st.integers(0, 7))
@settings(max_examples=150)
def test_no_bit_of_it_can_be_another_one(at, bit):
    closed = bytearray(CLOSED)
    closed[at % len(closed)] ^= 1 << bit
    with pytest.raises(BackupError):
        opened(bytes(closed))


DATA = b"de namen van de klas" * 8_000
CLOSED = sealed(DATA)


@given(end=st.integers(0, len(CLOSED) - 1))
@settings(max_examples=100)
def test_nothing_of_it_can_be_cut_off(end):
    with pytest.raises(BackupError):
        opened(CLOSED[:end])


def test_its_pieces_cannot_change_places_nor_be_left_out_nor_be_added_to():
    head = len(CLOSED) - (len(DATA) + 16 * 3)
    first, second, last = (CLOSED[head + n * (CHUNK + 16) : head + (n + 1) * (CHUNK + 16)] for n in range(3))
    begin = CLOSED[:head]
    assert opened(begin + first + second + last) == DATA
    for pieces in ((second, first, last), (first, last), (first, second), (first, second, last, last), (last,)):
        with pytest.raises(BackupError):
            opened(begin + b"".join(pieces))
    with pytest.raises(BackupError):
        opened(CLOSED + b"x")


def test_no_letter_of_what_is_in_it_can_be_read():
    assert b"namen" not in CLOSED
    assert KEY.key not in CLOSED


def test_both_halves_of_a_key_read_back_as_they_were_written_and_nothing_else_does():
    assert Private.read(KEY.written).key == KEY.key
    assert Public.read(KEY.told) == KEY.public
    for read, text in ((Private.read, KEY.told), (Public.read, KEY.written), (Public.read, ""), (Private.read, "\xe9")):
        with pytest.raises(BackupError) as told:
            read(text)
        assert told.value.code == "key"


def test_a_short_passphrase_is_refused():
    with pytest.raises(BackupError) as told:
        Passphrase("kort                         ")
    assert told.value.code == "short"


def test_what_is_no_backup_is_told_as_such():
    for data in (b"", b"PK\x03\x04" + bytes(100)):
        with pytest.raises(BackupError) as told:
            opened(data)
        assert told.value.code == "no_backup"
