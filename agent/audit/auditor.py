"""The judge: from messages, in the order in which they came, to a verdict."""

import re
from collections import Counter
from typing import Final

from agent.audit.digests import Digests
from agent.audit.ledger import Ledger, json_object, ledger, stretch, words
from agent.audit.log import LogAccount
from agent.audit.record import Record, is_log, is_number, records
from agent.audit.senml import MalformedError
from agent.audit.verdict import StationVerdict, Verdict

TOPICS: Final = ("data", "backfill", "ledger", "status")
"""What of a station's topics has to be read."""

_STATION: Final = re.compile(r"[a-z0-9-]{1,64}")
_COMPARED: Final = 1_000_000
_KINDS: Final = 50  # of what is wrong with messages that are told apart


class Auditor:
    """Judges whether what arrived is complete.

    Memory grows with the number of holes, not of records: 16 bytes a hole, and 8 bytes for each of
    the newest records, whose contents are compared if they come again.
    """

    def __init__(
        self, root: str = "aryk", *, whole: bool = False, compared: int = _COMPARED
    ) -> None:
        """Begin with nothing heard.

        Args:
            root: the levels of the topics before the station.
            whole: everything from each log's number 1 on is in what will be taken; otherwise only
                what must have been published since the listening began is asked for.
            compared: for about how many records the content is remembered.
        """
        self._root, self._whole = f"{root}/", whole
        self._digests = Digests(compared)
        self._stations: dict[str, _Station] = {}
        self._messages = self._interruptions = 0
        self._malformed: Counter[str] = Counter()

    def take(self, topic: str, payload: bytes, retained: bool = False) -> None:
        """Take a message in; what can't be read is counted, topics of others are passed over.

        Args:
            topic: in full.
            payload: the message.
            retained: the broker had kept it: it was published before we listened.
        """
        station, _, kind = topic.removeprefix(self._root).partition("/")
        if (
            not topic.startswith(self._root)
            or kind not in TOPICS
            or not _STATION.fullmatch(station)
        ):
            return
        self._messages += 1
        account = self._stations.get(station) or _Station(station, self._digests, whole=self._whole)
        for fault in account.take(kind, payload, live=not retained):
            self.unreadable(f"{topic}: {fault}")
        if account.heard:
            self._stations[station] = account

    def unreadable(self, what: str) -> None:
        """Count something that can't be read, by what is wrong with it."""
        full = len(self._malformed) >= _KINDS and what not in self._malformed
        self._malformed["others" if full else what] += 1

    def interrupt(self) -> None:
        """Note that messages may have passed us by: the connection was lost for a while."""
        self._interruptions += 1
        for station in self._stations.values():
            station.interrupt()

    def verdict(self) -> Verdict:
        """Return how everything stands."""
        return Verdict(
            stations=tuple(self._stations[name].verdict() for name in sorted(self._stations)),
            messages=self._messages,
            malformed=dict(self._malformed),
            interruptions=self._interruptions,
        )


class _Station:
    """The accounts of one station."""

    def __init__(self, name: str, digests: Digests, *, whole: bool) -> None:
        self._name, self._digests, self._whole = name, digests, whole
        self._status: str | None = None
        self._logs: dict[str, LogAccount] = {}
        self._before: dict[str, str] = {}  # each log's predecessor, by its start
        self._ledger: Ledger | None = None
        self._followed = False  # a ledger was heard live since we listen
        self._unnumbered = 0

    @property
    def heard(self) -> bool:
        """Whether it has said anything that can be read."""
        return bool(self._logs or self._ledger or self._status)

    def take(self, kind: str, payload: bytes, *, live: bool) -> list[MalformedError]:
        """Take a message in; return what in it can't be read."""
        faults: list[MalformedError] = []
        try:
            if kind == "ledger":
                self._hear(ledger(payload), live=live)
            elif kind == "status":
                self._status = words(json_object(payload).get("state"))
            else:
                for record in records(payload):
                    self._take(record, live=live)
                    self._event(record, faults)
        except MalformedError as error:
            faults.append(error)
        return faults

    def interrupt(self) -> None:
        self._followed = False
        for log in self._logs.values():
            log.deafen()

    def verdict(self) -> StationVerdict:
        logs = [log for log in (*self._logs.values(), *self._unheard()) if log.matters]
        more = any(log.waiting for log in logs)
        found = tuple(log.verdict(more=more) for log in logs)
        return StationVerdict(self._name, self._status, found, self._unnumbered)

    def _unheard(self) -> list[LogAccount]:
        """Return logs that must have come past us, and of which nothing did."""
        return [
            LogAccount(before, whole=True)
            for log, before in self._before.items()
            if self._logs[log].claim.whole and not self._matters(before)
        ]

    def _matters(self, name: str) -> bool:
        return name in self._logs and self._logs[name].matters

    def _log(self, name: str) -> LogAccount:
        if name not in self._logs:
            self._logs[name] = LogAccount(name, whole=self._whole)
        return self._logs[name]

    def _hear(self, told: Ledger, *, live: bool) -> None:
        if not live and self._ledger is not None and not told.follows(self._ledger):
            return
        known = self._ledger.logs if self._ledger else {}
        for name in {**dict.fromkeys(told.logs), **self._logs}:
            born = live and self._followed and name not in known
            self._log(name).hear(told, live=live, born=born)
        self._ledger = told
        self._followed = self._followed or live

    def _take(self, record: Record, *, live: bool) -> None:
        compared = self._digests.compare(self._name, record.log, record.number, record.content)
        self._log(record.log).take(record.number, compared, live=live)
        if record.revises is not None:
            original, number = record.revises
            self._log(original).revise(number)

    def _event(self, record: Record, faults: list[MalformedError]) -> None:
        """Take what an event says of numbers; its own number counts whatever it says."""
        try:
            if record.event == "gap":
                self._gap(record)
            elif record.event == "start":
                self._start(record)
        except MalformedError as error:
            faults.append(error)

    def _gap(self, record: Record) -> None:
        """Take a gap: numbers of its log or of an older one, or what has no number."""
        said = json_object(record.text)
        if "from" not in said:
            self._unnumbered += 1
            return
        log = said.get("log", record.log)
        if not is_log(log):
            raise MalformedError("a gap in what isn't a log")
        self._log(log).gap(stretch(said["from"], said.get("to")), words(said.get("reason")))

    def _start(self, record: Record) -> None:
        """Take which log was before, and where it ended."""
        said = json_object(record.text)
        before, following = said.get("log_before"), said.get("next_before")
        if not is_log(before):
            return
        self._before[record.log] = before
        if is_number(following):
            self._log(before).end(following)
