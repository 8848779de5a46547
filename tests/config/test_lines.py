import tomllib
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from agent.config.lines import key_lines, line_of

# Statements, each with a place for a name of its own.
VALUES = [
    "1",
    '"a # b = [ \\" "  # it\'s [',
    "'a \" ['",
    '"""\n[no]\nb = 1 # "\n\\"\\"" ]"""',
    "'''\nb = \"\"\"\n['''",
    "[ # [\n  '[', \"]\",\n  [1, { a = ']' }],\n]",
    "{ a = '}', \"b\" = [\n'#'\n] }",
    '""',
    '""""a"""',
]
KEYS = ["{}", '"{}"', "'{}'", " {} . x", '"y.z" . {}']
STATEMENTS = [
    *(f"{key} = {value.replace('{', '{{').replace('}', '}}')}" for key in KEYS for value in VALUES),
    *("[{}]", "[ '{}' . \"u.v\" ]", "[[{}]]", "# [{}]", "  # {} = 'b"),
]


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


@given(st.lists(st.sampled_from(STATEMENTS)))
def test_a_statement_has_its_line_whatever_stands_before_it(templates: list[str]) -> None:
    statements = [template.format(f"k{number}") for number, template in enumerate(templates)]
    text = "\n".join(statements)
    tomllib.loads(text)
    begins = accumulate((each.count("\n") + 1 for each in statements), initial=1)
    expected = {
        f"k{number}": line
        for number, (statement, line) in enumerate(zip(statements, begins, strict=False))
        if not statement.lstrip().startswith("#")
    }
    found: dict[str | int, int] = {}
    for path, line in key_lines(text).items():
        for step in path:
            found[step] = min(line, found.get(step, line))
    assert {step: line for step, line in found.items() if str(step).startswith("k")} == expected
