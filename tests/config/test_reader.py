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
        (b"\xef\xbb\xbf \n", 1, "empty"),
        (b"a = 1\nb = '\xff'\n", 2, "column 6: not UTF-8"),
        (b"a = 1\nb = = 2\n", 2, "column 5: not TOML"),
        (b"a = 1\nb = '''", 2, "not TOML"),
        (b"a = " + b"[" * 100_000, 1, "nested too deeply"),
        (b"#" * 1_000_001, 1, "longer than 1 MB"),
    ],
)
def test_what_cannot_be_read_has_its_place(
    tmp_path: Path, content: bytes, line: int, words: str
) -> None:
    file = tmp_path / "station.toml"
    file.write_bytes(content)
    found = mistake(file)
    assert found[0] == line
    assert words in found[1]


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_bytes(b"\xef\xbb\xbf[a]\r\nb = 1\r\n")
    document = read(file)
    assert document.tables == {"a": {"b": 1}}
    assert document.lines[("a", "b")] == 2


@given(st.binary() | st.text(st.characters(codec="utf-8")).map(str.encode))
def test_random_bytes_give_a_document_or_a_mistake(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "random.toml"
    file.write_bytes(content)
    with suppress(ConfigError):
        read(file)
