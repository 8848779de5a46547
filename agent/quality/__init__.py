"""How far a value can be trusted, and when it is too much: pure functions and small memories.

Nothing here asks an instrument, reads a clock or opens a file. Times are seconds of a clock that
never steps. The doors:

- :class:`ChannelKeys` and :func:`split`, for the configuration of any driver's channels;
- :func:`burst`, for many samples that make one reading;
- :class:`SensorJudge`, for the tests of a sensor's rounds; :func:`inherited`, for what is computed;
- :class:`AlarmKeys` and :func:`step`, for alarms.

``docs/quality.md`` says it to a hydrologist.
"""

from agent.quality.alarm import AlarmKeys, AlarmState, Turn, step
from agent.quality.burst import Burst, burst
from agent.quality.flags import GOOD, NOT_EVALUATED, Flag, inherited, worse
from agent.quality.judge import Judge, SensorJudge, Verdict
from agent.quality.keys import AGENT_KEYS, ChannelKeys, split

__all__ = [
    "AGENT_KEYS",
    "GOOD",
    "NOT_EVALUATED",
    "AlarmKeys",
    "AlarmState",
    "Burst",
    "ChannelKeys",
    "Flag",
    "Judge",
    "SensorJudge",
    "Turn",
    "Verdict",
    "burst",
    "inherited",
    "split",
    "step",
    "worse",
]
