"""Judging while listening, until it is enough."""

import asyncio
import math
import signal
from collections.abc import Callable, Sequence
from typing import Final

from agent.audit.auditor import Auditor
from agent.audit.listen import Broker, Listener
from agent.audit.recording import Recorder
from agent.audit.verdict import Verdict

_LOOK: Final = 0.5  # s between two looks
_STRAGGLERS: Final = 2.0  # s for what a ledger may have overtaken


class Session:
    """Has an auditor hear what a broker says, and a recorder write it down."""

    def __init__(self, auditor: Auditor, recorder: Recorder | None = None) -> None:
        """Take who hears."""
        self._auditor, self._recorder = auditor, recorder

    async def run(
        self,
        broker: Broker,
        topics: Sequence[str],
        *,
        once: bool,
        seconds: float | None,
        look: Callable[[Verdict], None],
    ) -> None:
        """Listen until SIGINT or SIGTERM, or until it is enough.

        Args:
            broker: where.
            topics: what to subscribe to.
            once: it is enough when everything heard can be judged.
            seconds: it is enough after so long; None for no end.
            look: called about twice a second with the verdict so far.

        Raises:
            ListenError: the broker can't be listened to.
            OSError: the recording can't be written.
        """
        loop = asyncio.get_running_loop()
        end = math.inf if seconds is None else loop.time() + seconds
        listener = Listener(broker, topics, self._heard, self._interrupted)
        listening = asyncio.create_task(listener.run(), name="listener")
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, listening.cancel)
        try:
            while not listening.done() and (left := end - loop.time()) > 0:
                await asyncio.wait((listening,), timeout=min(_LOOK, left))
                verdict = self._auditor.verdict()
                look(verdict)
                if once and verdict.judged:
                    once, end = False, min(end, loop.time() + _STRAGGLERS)
        finally:
            listening.cancel()
            await asyncio.wait((listening,))
        if not listening.cancelled():
            listening.result()
        if not listener.connected:
            raise listener.late()

    def _heard(self, topic: str, payload: bytes, retained: bool) -> None:
        if self._recorder:
            self._recorder.take(topic, payload, retained)
        self._auditor.take(topic, payload, retained)

    def _interrupted(self) -> None:
        if self._recorder:
            self._recorder.interrupt()
        self._auditor.interrupt()
