from itertools import pairwise

from agent.mqtt.backoff import Backoff, Hold


def outage(backoff: Backoff, seconds: float) -> list[tuple[float, float]]:
    """Return when each pause of an outage begins, and how long it is."""
    at, pauses = 0.0, []
    while at < seconds:
        pauses.append((at, backoff.pause(config=False)))
        at += pauses[-1][1]
    return pauses


def test_pauses_stay_below_2_s_in_the_first_2_min_and_then_grow_to_a_quarter_minute() -> None:
    pauses = outage(Backoff(), 600)
    assert all(pause < 2.0 for at, pause in pauses if at < 120)
    assert pauses[0][1] <= 0.5
    assert 7.0 < pauses[-1][1] <= 15.0


def test_a_fleet_that_lost_its_broker_at_once_doesnt_come_back_at_once() -> None:
    returns = sorted(sum(p for _, p in outage(Backoff(), 5)) for _ in range(200))
    assert max(b - a for a, b in pairwise(returns)) < 0.5
    assert returns[-1] - returns[0] > 1.0


def test_what_a_person_must_mend_is_tried_about_once_a_minute() -> None:
    assert all(30 <= Backoff().pause(config=True) <= 60 for _ in range(50))


def test_a_connection_that_proved_itself_begins_a_new_outage() -> None:
    backoff = Backoff()
    outage(backoff, 600)
    backoff.reset()
    assert backoff.pause(config=False) <= 0.5


def test_what_is_refused_again_and_again_is_held_ever_longer_but_never_for_good() -> None:
    hold, now, waits = Hold(), 100.0, []
    assert hold.over(now)
    for _ in range(10):
        hold.refuse(now)
        begun = now
        while not hold.over(now):
            now += 0.5
        waits.append(now - begun)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    hold.accept()
    assert hold.over(now)
    hold.refuse(now)
    assert hold.over(now + 1.0)
