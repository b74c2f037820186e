"""Running one try in the test's own process: a real journal, and a real client whose questions are
answered from dictionaries over a real socket."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from runner.authoring import services, tracking
from runner.authoring.dag import DAG
from runner.authoring.services import Services
from runner.host.run_try import run_callbacks, run_try
from runner.journal.client import LENGTH, QuestionClient
from runner.journal.questions import (
    Answer,
    GetConnection,
    GetIntent,
    GetPreviousRun,
    GetRunStates,
    GetVariable,
    GetXCom,
    Question,
    SetVariable,
)
from runner.journal.reader import decode_frames
from runner.journal.records import (
    AnyRecord,
    CallbackTicket,
    Ended,
    MetricPoints,
    Rendered,
    RunFacts,
    Ticket,
    XComPushed,
)
from runner.journal.writer import JournalWriter

LOGICAL_DATE = "2024-01-02T00:00:00+00:00"
FACTS = RunFacts(
    dag_run_key=1,
    run_id="scheduled__2024-01-02T00:00:00+00:00",
    run_type="scheduled",
    logical_date=LOGICAL_DATE,
    data_interval_start=LOGICAL_DATE,
    data_interval_end="2024-01-03T00:00:00+00:00",
    run_after="2024-01-03T00:00:00+00:00",
    queued_at="2024-01-03T00:00:01+00:00",
    started_at="2024-01-03T00:00:02+00:00",
    conf=None,
)


@dataclass
class Knowledge:
    """What the runner knows, and what it has been asked."""

    variables: dict[str, str] = field(default_factory=dict)
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    xcoms: dict[tuple[str, str, str, str], list[tuple[int, str]]] = field(default_factory=dict)
    """(dag id, run id, task id, key) -> [(map index, JSON)]"""
    previous: dict[str | None, dict[str, Any]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    intent: str | None = None
    """What the runner wants of the end of the try that is running."""
    asked: list[Question] = field(default_factory=list)

    def answer(self, question: Question) -> Answer:
        """As ``runner.daemon.answers`` does from the store."""
        self.asked.append(question)
        if isinstance(question, GetVariable):
            value = self.variables.get(question.key)
            return Answer(value=value, found=value is not None)
        if isinstance(question, SetVariable):
            found = question.key in self.variables
            if question.value is None:
                self.variables.pop(question.key, None)
            else:
                self.variables[question.key] = question.value
            return Answer(found=found)
        if isinstance(question, GetConnection):
            fields = self.connections.get(question.conn_id)
            return Answer(value=fields, found=fields is not None)
        if isinstance(question, GetIntent):
            return Answer(value=self.intent, found=self.intent is not None)
        if isinstance(question, GetPreviousRun):
            run = self.previous.get(question.state)
            return Answer(value=run, found=run is not None)
        if isinstance(question, GetRunStates):
            found_runs = [run for run in self.runs if run["run_id"] in question.run_ids]
            return Answer(value=found_runs, found=bool(found_runs))
        if isinstance(question, GetXCom):
            key = (question.dag_id, question.run_id, question.task_id, question.key)
            wanted = question.map_indexes
            rows = [r for r in self.xcoms.get(key, []) if wanted is None or r[0] in wanted]
            return Answer(value=rows, found=bool(rows))
        return Answer(error="that can't be asked here")


class _Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        while header := self.rfile.read(LENGTH.size):
            (length,) = LENGTH.unpack(header)
            question = msgspec.json.decode(self.rfile.read(length), type=Question)
            data = msgspec.json.encode(server.knowledge.answer(question))
            self.wfile.write(LENGTH.pack(len(data)) + data)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, address: str, knowledge: Knowledge) -> None:
        super().__init__(address, _Connection)
        self.knowledge = knowledge


@contextlib.contextmanager
def answering(address: str) -> Iterator[Knowledge]:
    """A runner that answers at ``address``."""
    knowledge = Knowledge()
    server = _Server(address, knowledge)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield knowledge
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Result:
    """What a try has recorded and printed."""

    records: list[AnyRecord]
    log: str

    @property
    def ended(self) -> Ended:
        last = self.records[-1]
        assert isinstance(last, Ended)
        return last

    @property
    def state(self) -> str:
        return self.ended.state

    @property
    def xcoms(self) -> dict[str, Any]:
        pushed = [record for record in self.records if isinstance(record, XComPushed)]
        return {record.key: msgspec.json.decode(record.value) for record in pushed}

    @property
    def rendered(self) -> dict[str, Any]:
        return self.of(Rendered)[-1].fields

    @property
    def metrics(self) -> list[MetricPoints]:
        return self.of(MetricPoints)

    def of(self, kind: type[Any]) -> list[Any]:
        return [record for record in self.records if isinstance(record, kind)]


class Attempts:
    """A folder for journals and a runner that answers."""

    def __init__(self, folder: Path, address: str, knowledge: Knowledge) -> None:
        self.folder = folder
        self.address = address
        self.knowledge = knowledge
        self._numbers = itertools.count(1)
        self.artifacts = folder / "artifacts"

    def ticket(self, dag: DAG, task_id: str, **changes: Any) -> Ticket:
        """A ticket for the first try; ``changes`` are fields of ``Ticket`` or of its run."""
        facts = {name: changes.pop(name) for name in RunFacts.__struct_fields__ if name in changes}
        number = next(self._numbers)
        ticket = Ticket(
            try_key=number,
            task_instance_key=number,
            dag_id=dag.dag_id,
            task_id=task_id,
            map_index=-1,
            try_number=1,
            max_tries=getattr(dag.task_dict.get(task_id), "retries", 0),
            run=msgspec.structs.replace(FACTS, **facts),
            journal=str(self.folder / f"journal.{number}"),
            log="",
            doorbell="",
            questions=self.address,
        )
        return msgspec.structs.replace(ticket, **changes)

    @contextlib.contextmanager
    def ends(self, ticket: Ticket) -> Iterator[tuple[JournalWriter, QuestionClient]]:
        """The ticket's journal and connection; closed as the end of a process would."""
        journal = JournalWriter.create(ticket.journal, ticket.try_key, ticket.doorbell)
        assert journal is not None
        client = QuestionClient(ticket.questions, 1.0)
        try:
            yield journal, client
        finally:
            client.close()
            os.close(journal._descriptor)
            if journal._socket is not None:
                journal._socket.close()

    def records(self, ticket: Ticket) -> list[AnyRecord]:
        return decode_frames(Path(ticket.journal).read_bytes())[0]

    def run(self, dag: DAG, task_id: str, **changes: Any) -> Result:
        """Run a try of the task to its end."""
        ticket = self.ticket(dag, task_id, **changes)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), self.ends(ticket) as (journal, client):
            run_try(ticket, dag, journal, client)
        return Result(self.records(ticket), printed.getvalue())

    def call_back(self, dag: DAG, task_id: str, kind: str, reason: str, *, of_dag: bool) -> Result:
        """Run callbacks in a process of their own, as it were; the records are empty."""
        ticket = CallbackTicket(1, kind, reason, self.ticket(dag, task_id), of_dag)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), self.ends(ticket.ticket) as (_, client):
            good = run_callbacks(ticket, dag, client)
        return Result([], f"{printed.getvalue()}good={good}\n")

    @contextlib.contextmanager
    def serving(self) -> Iterator[Callable[[], list[AnyRecord]]]:
        """The services of a task, without one; gives a function that reads what was recorded."""
        ticket = self.ticket(DAG("nothing"), "nothing")
        with self.ends(ticket) as (journal, client):
            services.provide(Services(client, journal, ticket.journal, str(self.artifacts)))
            try:
                yield lambda: self.records(ticket)
            finally:
                tracking.finish()
                services.provide(None)
