import json
import socket
import subprocess
import sys
import time

from tests.support.network import free_port

_WATCH = [sys.executable, "-c", "from agent.cli.watch import watch; watch()"]
LEVEL = {"n": "a/b/level", "u": "m", "t": 1795466700.0, "v": 1.25, "q": 2, "log": "k", "seq": 7}


def test_a_broker_that_is_not_there_is_a_sentence() -> None:
    command = [*_WATCH, f"mqtt://127.0.0.1:{free_port()}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert "Is the broker there?" in ended.stderr


def test_a_reading_is_a_line_off_a_terminal() -> None:
    port = free_port()
    with subprocess.Popen(
        ["/usr/sbin/mosquitto", "-p", str(port)], stderr=subprocess.DEVNULL
    ) as broker:
        deadline = time.monotonic() + 5
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        command = ["env", "PYTHONUNBUFFERED=1", *_WATCH, f"mqtt://127.0.0.1:{port}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
            try:
                # Retained, so that it comes whenever the subscription does.
                from paho.mqtt import publish

                text = json.dumps([LEVEL])
                publish.single(
                    "aryk/a/data", text, qos=1, retain=True, hostname="127.0.0.1", port=port
                )
                assert watching.stdout
                assert watching.stdout.readline().endswith(" 1.25 m 2 7\n")
            finally:
                watching.kill()
                broker.terminate()
