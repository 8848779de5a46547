"""The operator's proof: is what arrived complete, and if not, what is missing.

It judges the station from outside, by the published interface alone, and shares no code with
what publishes. The promises that it holds the station to:

- D5: for every log the ledger says of each number whether it waits, won't come, or was
  acknowledged by this broker. What was acknowledged and didn't come is missing.
- S3: a number has one content for ever, and is never given out twice.

The other way round it promises: a number is called missing only where it must have come past us;
what we can't know is called not provable; and nothing from outside makes it fail.
"""

from agent.audit.auditor import TOPICS, Auditor
from agent.audit.verdict import LogVerdict, State, StationVerdict, Verdict

__all__ = ["TOPICS", "Auditor", "LogVerdict", "State", "StationVerdict", "Verdict"]
