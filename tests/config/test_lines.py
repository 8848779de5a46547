from agent.config.lines import key_lines, line_of


def test_each_key_and_table_has_its_line() -> None:
    lines = key_lines('[a]\nx = 1\n# [no]\n[a."b.c"]\ny.z = 2\n')
    assert lines[("a",)] == 1
    assert lines[("a", "x")] == 2
    assert lines[("a", "b.c")] == 4
    assert lines[("a", "b.c", "y", "z")] == 5


def test_what_looks_like_a_key_inside_a_string_or_an_array_is_none() -> None:
    text = 'a = """\nb = 1 # "\n"""\nc = [\n  1, # ]\n  "]",\n]\nd = { e = 1 }\n'
    lines = key_lines(text)
    assert lines == {("a",): 1, ("c",): 4, ("d",): 8}
    assert line_of(("d", "e"), lines) == 8


def test_tables_of_an_array_are_told_apart() -> None:
    lines = key_lines("[[t]]\na = 1\n[[t]]\na = 2\n[t.u]\nb = 3\n")
    assert lines[("t", 0, "a")] == 2
    assert lines[("t", 1, "a")] == 4
    assert lines[("t", 1, "u", "b")] == 6
