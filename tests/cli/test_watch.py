import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.network import free_port
from tests.support.processes import ARYK

LEVEL = {"n": "a/b/level", "u": "m", "t": 1795466700.0, "v": 1.25, "q": 2, "log": "k", "seq": 7}


def watch(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [ARYK, "watch", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


@pytest.fixture(scope="module")
def broker() -> Iterator[int]:
    """Run mosquitto with two retained messages, so that they come whenever a subscription does."""
    from paho.mqtt import publish

    port = free_port()
    with subprocess.Popen(
        ["/usr/sbin/mosquitto", "-p", str(port)], stderr=subprocess.DEVNULL
    ) as running:
        try:
            deadline = time.monotonic() + 10
            while True:
                try:
                    for topic, payload in (
                        ("a/backfill", json.dumps([LEVEL])),
                        ("b/data", "not a pack"),
                    ):
                        publish.single(f"aryk/{topic}", payload, qos=1, retain=True, port=port)
                    break
                except ConnectionRefusedError:
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
            yield port
        finally:
            running.terminate()


def test_a_broker_that_is_not_there_is_a_sentence() -> None:
    ended = watch(f"mqtt://127.0.0.1:{free_port()}")
    assert ended.returncode == 1
    assert ended.stderr.endswith(": Connection refused. Is the broker there?\n")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mqtts://a", "Write mqtt://host:port"),
        ("mqtt://a:99999", "Write mqtt://host:port"),
        ("mqtt://[::1", "Write mqtt://host:port"),
        ("a", "Write mqtt://host:port"),
        ("mqtt://chu:s3cret@a", "Write --username and --password-file"),
    ],
)
def test_a_url_that_it_cannot_use_is_wrong_usage(url: str, sentence: str) -> None:
    ended = watch(url)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert "s3cret" not in ended.stderr


def test_a_password_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    ended = watch("mqtt://a", "--username", "chu", "--password-file", str(tmp_path / "none"))
    assert ended.returncode == 1
    assert "none can't be read: No such file or directory. Check" in ended.stderr


def test_a_password_without_a_user_is_wrong_usage(tmp_path: Path) -> None:
    ended = watch("mqtt://a", "--password-file", str(tmp_path / "secret"))
    assert ended.returncode == 2
    assert "--password-file goes with --username" in ended.stderr


def test_a_reading_is_a_line_off_a_terminal(broker: int) -> None:
    command = [ARYK, "watch", f"mqtt://127.0.0.1:{broker}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
        try:
            assert watching.stdout
            assert watching.stdout.readline() == "a/b/level 2026-11-23T20:45:00Z 1.25 m 2 7\n"
        finally:
            watching.kill()


def test_a_table_is_redrawn_on_a_terminal_until_ctrl_c(broker: int) -> None:
    with Console(ARYK, "watch", f"mqtt://127.0.0.1:{broker}") as terminal:
        terminal.read_until(r"b/level +1\.25 +m +not evaluated +20:45:00")
        terminal.read_until("1 channels. Ctrl-C ends it. 1 messages were no readings in JSON.")
        terminal.press_ctrl_c()
        assert terminal.end() == 0
    assert "Traceback" not in terminal.text


def test_no_color_gives_lines_on_a_terminal_too(broker: int) -> None:
    url = f"mqtt://127.0.0.1:{broker}"
    with Console(ARYK, "watch", url, env={"NO_COLOR": "1"}) as terminal:
        terminal.read_until(r"a/b/level \S+ 1.25 m 2 7")
        terminal.press_ctrl_c()
        assert terminal.end() == 0
    assert "\x1b" not in terminal.raw
