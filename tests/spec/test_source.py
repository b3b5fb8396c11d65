"""Files with the line of every value; YAML as JSON has it."""

import json
from pathlib import Path

import pytest

from understudy.errors import ContentError
from understudy.spec.source import as_yaml, parse, read
from understudy.values import Json

YAML = Path("x.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes", {"a": "yes"}),
        ("a: on", {"a": "on"}),
        ("a: 2026-01-31", {"a": "2026-01-31"}),
        ("a: 010", {"a": "010"}),
        ("a: 0o10", {"a": "0o10"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 12:30:45", {"a": "12:30:45"}),
        ("a: true", {"a": True}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("a: -7", {"a": -7}),
        ("a: 1.5e3", {"a": 1500.0}),
        ("200: x", {"200": "x"}),
        ("<<: x", {"<<": "x"}),
        ("a: &b {c: 1}\nd: *b", {"a": {"c": 1}, "d": {"c": 1}}),
        ("200: a\ntrue: b\nnull: c\n~: d", {"200": "a", "true": "b", "null": "c", "~": "d"}),
    ],
)
def test_yaml_is_read_as_json_has_it(text: str, value: Json) -> None:
    """No dates, no yes and no, no octal; keys are strings."""
    assert parse(YAML, text.encode()).value == value


@pytest.mark.parametrize(
    ("name", "content", "line", "what"),
    [
        ("x.yaml", b"a: 1\nb: [", 2, "not YAML"),
        ("x.yaml", b"a: 1\na: 2", 2, "key 'a' is given twice"),
        ("x.yaml", b"'200': 1\n200: 2", 2, "key '200' is given twice"),
        ("x.yaml", b"a: 1\n? [b]\n: 2", 2, "a key is no text"),
        ("x.json", b'{"a": {"b": 1, "b": 2}}', None, "key 'b' is given twice"),
        ("x.json", b'{"a": NaN}', None, "NaN is not JSON"),
        ("x.yaml", b"a: &b\n  c: *b", 2, r"\*b stands inside itself"),
        ("x.yaml", b"a: !!python/object:x.y {}", 1, "constructor"),
        ("x.yaml", b"a: \xff", None, "cannot be parsed"),
        ("x.yaml", b"a: 1\x00", None, "cannot be parsed"),
        ("x.yaml", b"[" * 3000, None, "nests values more than 200 deep"),
        ("x.json", b'{"a": 1,\n"b" 2}', 2, "not JSON"),
        ("x.json", b"[" * 100_000, None, "nests values more than 200 deep"),
        ("x.json", b"[" * 201 + b"]" * 201, 1, "nests values more than 200 deep"),
        ("x.yaml", b"[" * 201 + b"]" * 201, 1, "nests values more than 200 deep"),
        ("x.yaml", b"a: !!binary aGk=", 1, "could not determine a constructor for the tag"),
        ("x.yaml", b"a: 1\nb: !!timestamp 2026-01-01", 2, "could not determine a constructor for the tag"),
        ("x.json", b'{"a": "\\\\ud800",\n"b": "\\\\ud83d\\udc00"}', 2, "udc00 is half of a surrogate pair"),
        ("x.json", b'{"a": "\\ud83d\\ude00",\n"b": "\\ud800"}', 2, "half of a surrogate pair"),
        ("x.json", b'"\xff"', None, "cannot be parsed"),
        ("x.json", b"9" * 5000, None, "cannot be parsed"),
        ("x.json", b"", 1, "not JSON"),
    ],
)
def test_what_cannot_be_parsed_is_told_with_its_line(name: str, content: bytes, line: int | None, what: str) -> None:
    """As far as there is one."""
    with pytest.raises(ContentError, match=what) as caught:
        parse(Path(name), content)
    assert str(caught.value).startswith(f"{name}:{line}: " if line else f"{name}: ")


@pytest.mark.parametrize("name", ["x.yaml", "x.json"])
def test_values_may_nest_two_hundred_deep(name: str) -> None:
    """No less is taken."""
    value = parse(Path(name), b"[" * 200 + b"7" + b"]" * 200).value
    for _ in range(200):
        (value,) = value
    assert value == 7


def test_what_is_no_escape_of_yaml_is_text() -> None:
    """Half of a surrogate pair is one in JSON alone; aliases are not written out to look for it."""
    levels = "".join(f"{chr(99 + i)}: &{chr(99 + i)} [{', '.join(['*' + chr(98 + i)] * 10)}]\n" for i in range(12))
    value = parse(Path("x.yaml"), f"a: '\\ud800'\nb: &b [1]\n{levels}".encode()).value
    assert (value["a"], value["b"]) == ("\\ud800", [1])


@pytest.mark.parametrize("name", ["x.yaml", "x.json"])
def test_a_pointer_has_a_line(name: str) -> None:
    """That of the value, or of its nearest parent; escapes are the pointer's."""
    text = '{\n"a/b": [\n1,\n{"c": 2}],\n"d": {}\n}'
    source = parse(Path(name), text.encode())
    assert [source.line(pointer) for pointer in ("", "/a~1b", "/a~1b/1/c", "/d/none", "/none")] == [1, 2, 4, 5, 1]
    assert str(source.where("/d")) == f"{name}:5 (/d)"
    assert str(source.error("is wrong", "/d", "mend it")) == f"{name}:5 (/d): is wrong; mend it"


def test_json_that_yaml_cannot_read_has_no_lines_but_is_read() -> None:
    """A surrogate pair is JSON; the line is left out then, nothing worse."""
    source = parse(Path("x.json"), b'{"a": "\\ud83d\\ude00",\n\t"b": 1}')
    assert source.value == {"a": "😀", "b": 1}
    assert str(source.where("/b")).startswith("x.json")


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_a_byte_order_mark_is_passed_over(name: str) -> None:
    """Some editors write one, and RFC 8259, section 8.1, lets a reader pass over it."""
    assert parse(Path(name), b'\xef\xbb\xbf{"a": 1}').value == {"a": 1}


def test_a_file_that_is_not_there_is_a_users_mistake(tmp_path: Path) -> None:
    """Nor can a folder be read."""
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ContentError, match=f"cannot read .*{path.name}: .*; check the path"):
            read(path)


@pytest.mark.parametrize(
    "value",
    [
        "yes",
        "1e3",
        "1_0",
        "0o17",
        "0x1f",
        "012",
        "12:30",
        "2026-01-31",
        "null",
        "~",
        "",
        " ",
        "a: b",
        "#x",
        "å😀",
        "\x07",
        ".5",
        "1.",
        "+1",
        ".inf",
        "=",
        "<<",
        "-",
        "a\nb",
    ],
)
def test_text_that_is_written_is_read_again_as_text(value: str) -> None:
    """By our reader and, in quotes, by every other one of YAML 1.1 or 1.2."""
    assert parse(YAML, as_yaml({value: [value]}).encode()).value == {value: [value]}


@pytest.mark.parametrize("value", [1, -1.5, 1e16, 1e-7, 1e300, 2**70, True, None, [], {}, [[{}]]])
def test_values_that_are_written_are_read_again(value: Json) -> None:
    """Each as itself and of its type."""
    found = parse(YAML, as_yaml({"a": value}).encode()).value["a"]
    assert (found, type(found)) == (value, type(value))


def test_shared_values_are_written_out() -> None:
    """No anchors: a document is to be read by people."""
    shared = {"b": 1}
    text = as_yaml({"x": shared, "y": shared})
    assert "&" not in text
    assert json.loads(json.dumps(parse(YAML, text.encode()).value)) == {"x": shared, "y": shared}
