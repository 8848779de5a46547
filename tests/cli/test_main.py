import subprocess
import sys
from pathlib import Path


def test_help_lists_the_commands_and_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from agent.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print(sorted({'rich', 'pydantic', 'paho', 'pymodbus'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    for command in ("check", "demo", "devices", "run", "simulate", "watch"):
        assert f"  {command} " in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_is_wrong_usage() -> None:
    program = "from agent.cli import main; main(['nonsense'])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_a_wrong_configuration_ends_with_78_and_its_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text("[station]\nid = = 1\n")
    program = f"from agent.cli import main; main(['check', '-c', {str(file)!r}])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 78
    assert f"{file}:2: column 6: not TOML" in done.stderr
