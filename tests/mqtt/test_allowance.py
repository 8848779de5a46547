"""How much of a backlog is under way follows the link, and keeps to the rate."""

from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt.allowance import Allowance


def carried(allowance: Allowance, speed: float, seconds: float) -> tuple[int, float]:
    """Send as much as may go over a link; return the bytes, and the longest wait of a message.

    Args:
        allowance: asked before each message.
        speed: of the link, bytes a second; it carries one message after the other.
        seconds: for so long.
    """
    now, free_at, total, longest = 0.0, 0.0, 0, 0.0
    under_way: list[tuple[float, float, int]] = []  # answered at, sent at, bytes
    while now < seconds:
        while under_way and under_way[0][0] <= now:
            answered, since, size = under_way.pop(0)
            allowance.answered(size, since, answered)
            longest = max(longest, answered - since if since > seconds / 2 else 0.0)
        while allowance.free(now):
            size = allowance.pack
            free_at = max(now, free_at) + size / speed
            under_way.append((free_at, now, size))
            allowance.sent(size, now)
            total += size
        now += 0.05
    return total, longest


@given(st.floats(1000, 100_000), st.integers(5, 60))
def test_the_rate_is_kept_but_for_a_second_and_a_pack(rate: float, seconds: int) -> None:
    total, _ = carried(Allowance(rate), 1e6, seconds)
    assert total <= rate * (seconds + 1) + 64_000 * 5
    assert total >= 0.8 * rate * (seconds - 1), "and used"


@given(st.floats(1000, 100_000))
def test_a_slow_link_is_used_and_no_message_waits_long_on_it(speed: float) -> None:
    total, longest = carried(Allowance(None), speed, 300)
    assert total >= 0.8 * speed * 300
    assert longest <= 12, "s, on a link that needs 4 s for the first message"


def test_a_fast_link_gets_more_and_more() -> None:
    allowance = Allowance(None)
    assert carried(allowance, 1e7, 20)[0] > 20e6
    assert allowance.pack >= 64_000
