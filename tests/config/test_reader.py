import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config.mistakes import ConfigError
from agent.config.reader import read


def mistake(file: Path) -> tuple[int, str]:
    with pytest.raises(ConfigError) as caught:
        read(file)
    (only,) = caught.value.mistakes
    assert only.file == file
    return only.line, only.hint


def test_a_file_that_is_missing_or_a_folder_is_said_so(tmp_path: Path) -> None:
    assert "no such file" in mistake(tmp_path / "none.toml")[1]
    assert "a folder" in mistake(tmp_path)[1]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 1, "empty"),
        (b"\xef\xbb\xbf \r\n", 1, "empty"),
        (b"\0" * 4096, 1, "empty"),  # what a power cut leaves of a file being saved
        (b"a = 1\nb = 2\n\0\0\0", 3, "column 1: a zero byte"),
        ("a = 1\nb = 2".encode("utf-16"), 1, "column 4: a zero byte"),
        ("a = 1\nb = 'Чу'".encode("cp1251"), 2, "column 6: not UTF-8"),
        (b"a = 1\nb = = 2\n", 2, "column 5: not TOML: invalid value"),
        (b"a = 1\r\nb = = 2\r\n", 2, "column 5: not TOML: invalid value"),
        (b"a = 1\nb = '''\n", 3, "column 1: not TOML: expected"),
        (b"a = 1\nb", 2, "column 2: not TOML: expected '='"),
        (b"[a]\nb = 1\n[a]\n", 3, "column 3: not TOML: this table stands twice"),
        (b"[a]\nb = 1\nb = 2\n", 3, "column 6: not TOML: this key stands twice"),
        (b"a = {}\n[a.b]\n", 2, "not TOML: this table stands twice"),
        (b"a = { b = 1, b = 2 }\n", 1, "not TOML: this key stands twice"),
        (b"a = 1\nb = 2" + b"2" * 4300 + b"\nc = 3\n", 2, "column 5: not TOML: a number of too"),
        (b"a = 1\nb = [\n" + b"[" * 100_000, 3, "nested too deeply"),
        (b"a = 1\n[b" + b".b" * 200_000 + b"]\n", 2, "nested too deeply"),
        (b"#" * 1_000_001, 0, "longer than 1 MB"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_cannot_be_read_has_its_place(
    tmp_path: Path, content: bytes, line: int, words: str
) -> None:
    file = tmp_path / "station.toml"
    file.write_bytes(content)
    found = mistake(file)
    assert found[0] == line
    assert words in found[1]


def test_a_number_that_no_machine_word_holds_has_its_key(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(f"a = 1\nb = [{{ c = 0x{'f' * 5000} }}]\nd = -9223372036854775809\n")
    with pytest.raises(ConfigError) as caught:
        read(file)
    said = [(each.line, each.key, each.found[:5]) for each in caught.value.mistakes]
    assert said == [(2, "b[0].c", "0xfff"), (3, "d", "-9223")]


def test_a_file_that_may_not_be_read_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text("a = 1\n")
    file.chmod(0)
    me = os.geteuid()
    if me == 0:  # root may read all: try it as another user
        os.seteuid(65534)
    try:
        assert mistake(file) == (0, "can't be read: Permission denied; check its path and rights")
    finally:
        os.seteuid(me)


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_byte_order_mark_and_windows_line_ends_are_accepted(
    tmp_path: Path, start: bytes, end: bytes
) -> None:
    file = tmp_path / "station.toml"
    file.write_bytes(start + end.join([b"[a]", b"b = 1", b'c = """', b'x"""', b"d = 2"]))
    document = read(file)
    assert document.tables == {"a": {"b": 1, "c": "x", "d": 2}}
    assert document.lines[("a", "d")] == 5


@given(st.binary() | st.text(st.characters(codec="utf-8")).map(str.encode))
def test_random_bytes_give_a_document_or_a_mistake(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "random.toml"
    file.write_bytes(content)
    with suppress(ConfigError):
        read(file)
