"""A word stays a word: what the YAML reader makes of a school's file."""

from datetime import date

import pytest

from config.read import MAX_BYTES, ConfigError, read_yaml


def value(text):
    return read_yaml(text.encode(), "f.yaml").value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NO", "NO"),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("True", "True"),
        ("true", True),
        ("false", False),
        ("08:30", "08:30"),
        ("12:30:00", "12:30:00"),
        ("010", "010"),
        ("0x10", "0x10"),
        ("0o10", "0o10"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("8080", 8080),
        ("-1", -1),
        ("1.5", 1.5),
        ("'1'", "1"),
        ('"true"', "true"),
        ("2026-12-19", date(2026, 12, 19)),
        ("'2026-12-19'", "2026-12-19"),
        ("2026-12-19T10:00", "2026-12-19T10:00"),
        ("~", None),
        ("", None),
        ("=", "="),
    ],
)
def test_an_unquoted_word_is_only_something_else_when_it_looks_exactly_like_it(written, meant):
    found = value(f"key: {written}\n")["key"]
    assert found == meant
    assert type(found) is type(meant)


def test_every_key_is_text():
    assert list(value("7: a\nNO: b\n2026-12-19: c\n'8': d\n<<: e\n")) == ["7", "NO", "2026-12-19", "8", "<<"]


def test_a_value_knows_its_line():
    document = read_yaml(b"# note\na:\n  - x\n  - {b: 1, c: 2}\nd: 3\n", "f.yaml")
    assert document.line(("a",)) == 2
    assert document.line(("a", 0)) == 3
    assert document.line(("a", 1, "c")) == 4
    assert document.line(("d",)) == 5
    assert document.line(("d", "not there")) == 5


def test_an_alias_is_what_its_anchor_was():
    assert value("a: &week [1, 2]\nb: *week\n") == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.evasion("S08")
@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "key `a` is here twice"),
        ("a: {b: 1, b: 2}\n", 1, "key `b` is here twice"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "is not used here"),
        ("a: !thing b\n", 1, "tag `!thing` is not used here"),
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "not yaml"),
        ("a:\n\tb: 1\n", 2, "not yaml"),
        ("a: 1\n---\nb: 2\n", 2, "a second document"),
        ("a: &x [*x]\n", 1, "has no anchor before it"),
        ("a: *nowhere\n", 1, "has no anchor before it"),
        ("[a, b]: c\n", 1, "a key must be a plain word"),
        ("a: 2026-02-30\n", 1, "not a day of the calendar"),
        ("a: b\x07\n", 1, "a character that cannot be in a text file"),
        ("a: " + "[" * 41 + "]" * 41, 1, "nested deeper"),
    ],
)
def test_what_cannot_be_is_told_with_its_line(text, line, problem):
    with pytest.raises(ConfigError) as caught:
        value(text)
    assert caught.value.line == line
    assert problem in caught.value.problem
    assert str(caught.value).startswith(f"f.yaml:{line}: ")
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_told_with_their_line():
    with pytest.raises(ConfigError, match=r"f\.yaml:2: this is not utf-8 text; save the file as utf-8"):
        read_yaml(b"a: 1\nb: \xff\n", "f.yaml")


@pytest.mark.evasion("S08")
def test_a_file_that_is_too_big_is_not_parsed():
    with pytest.raises(ConfigError, match="at most 1,000,000 bytes"):
        read_yaml(b"#" * (MAX_BYTES + 1), "f.yaml")


@pytest.mark.evasion("S08")
def test_aliases_that_unfold_to_billions_are_refused():
    rows = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(ConfigError, match="unfolds to more than"):
        value("\n".join(rows))


@pytest.mark.evasion("S08")
def test_a_hundred_thousand_brackets_are_refused_without_a_crash():
    for opening in ("[", "{", "- ", "? "):
        with pytest.raises(ConfigError):
            value(opening * 100_000)
