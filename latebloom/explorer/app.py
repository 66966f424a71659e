"""The served explorer: pages for people, and a typed API for scripts (`/openapi.json`).

Enters: a folder of runs. Leaves: a web application, for `uvicorn`. It only reads: nothing that is
asked here changes a file. Who may ask is checked in `safety.py`, which files can be reached in
`folder.py`, and for how many is worked, and how long, in `turns.py`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, StreamingResponse

from latebloom.errors import LatebloomError
from latebloom.explorer.ending import Ending
from latebloom.explorer.folder import Folder, RunRow, sayable
from latebloom.explorer.models import Models
from latebloom.explorer.patching import place_of, source_of
from latebloom.explorer.safety import LOCAL, OnlyOurs
from latebloom.explorer.studies import StudyRow
from latebloom.explorer.turns import BusyError, Turns

HERE = Path(__file__).parent
REPORTS = HERE.parent / "reports"
FILES = (
    *(HERE / name for name in ("explore.js", "answer.js", "states.js", "moving.js", "explore.css")),
    *(REPORTS / "page.css", REPORTS / "saving.js", REPORTS / "lab" / "names.js"),
)
"""What the list loads: its own files, and how the report looks, shows names and saves files."""
BEAT = 1.0
"""Seconds between two looks at the runs for those who watch."""
AT_ONCE = 512
"""Connections at most; those who watch hold one each."""
WAITING = 32
"""Questions, and pages, that are waited for at most."""
PATIENCE = 60.0
"""Seconds that somebody waits for an answer or a page at most."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:"
)
"""What the list may load: its own script and style, and the API."""

Name = Annotated[str, Query(max_length=1000, description="a run, as the list names it")]
Words = Annotated[
    list[Annotated[str, Query(max_length=10_000)]],
    Query(max_length=64, description="the question: a name each, in order"),
]
MaybeWords = Annotated[
    Sequence[Annotated[str, Query(max_length=10_000)]],
    Query(max_length=64, description="the question; without one, a held-out one"),
]
OtherWords = Annotated[
    Sequence[Annotated[str, Query(max_length=10_000)]],
    Query(alias="from", max_length=64, description="the question that a state is taken from"),
]
Loop = Annotated[int, Query(ge=1, le=1000, description="of the state that is replaced, from 1")]
Layer = Annotated[int, Query(ge=0, le=1000, description="its boundary; 0: what enters the loop")]
Position = Annotated[int, Query(ge=0, le=1000, description="its token, from 0")]
SAME = "of the state that is taken; the same as of the one that is replaced"
MaybeLoop = Annotated[int | None, Query(ge=1, le=1000, description=SAME)]
MaybeLayer = Annotated[int | None, Query(ge=0, le=1000, description=SAME)]
MaybePosition = Annotated[int | None, Query(ge=0, le=1000, description=SAME)]
Seed = Annotated[int | None, Query(ge=0, le=2**53, description="noise, drawn by this seed")]
MaybeName = Annotated[str | None, Query(max_length=10_000, description="a name's embedding")]
Step = Annotated[int | None, Query(ge=0, le=2**53, description="of a checkpoint; the newest")]


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Guess:
    """A name and how likely it is."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a question, as `latebloom ask --json` gives it."""

    status: str | None
    question: list[str]
    answers: list[Guess]
    bridges: list[Guess]
    truth: str | None
    true_bridges: list[str]
    hops: list[str]
    shown: bool
    notes: list[str]


@dataclass(frozen=True, slots=True)
class AnsweredSet:
    """The same where a question has several answers, as `latebloom ask --json` gives it."""

    question: list[str]
    status: str
    known: list[dict[str, Any]]
    guesses: list[dict[str, Any]]
    guesses_in_set: int | None
    coverage: float | None
    model_names: int
    record: dict[str, int] | None
    held_out: list[str]
    asked: dict[str, Any] | None
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Chose:
    """The entities that a question to a table of numbers chooses, such as `half-life above 24`, as
    `latebloom ask --json` gives them."""

    question: list[str]
    status: str
    unit: str
    told: list[dict[str, Any]]
    model_names: int
    model_adds: int
    untold: list[str]


@dataclass(frozen=True, slots=True)
class Patched:
    """What comes of a state replaced: the answers before and after, and what every state of the
    changed pass says. `same` of a state tells by position whether it is as it was."""

    question: list[str]
    loop: int
    layer: int
    position: int
    before: list[Guess]
    after: list[Guess]
    states: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something cannot be answered, in one line."""

    detail: str


def in_a_line(why: str) -> dict[str, Any]:
    """How the description tells of an answer that says in one line why there is none."""
    schema = {"$ref": "#/components/schemas/Trouble"}
    return {"description": why, "content": {"application/json": {"schema": schema}}}


FORBIDDEN: dict[int | str, dict[str, Any]] = {
    403: {"model": Trouble, "description": "Asked by a page of another site, or at great length"}
}
NOT_THERE = {404: in_a_line("No such run or checkpoint, or no question")}
BUSY = {503: in_a_line("It takes too long, or too many wait already")}
REFUSED: dict[int | str, dict[str, Any]] = {**FORBIDDEN, **NOT_THERE}
OF_A_MODEL: dict[int | str, dict[str, Any]] = {**REFUSED, **BUSY}
OF_A_PAGE: dict[int | str, dict[str, Any]] = {403: in_a_line("As everywhere"), **NOT_THERE, **BUSY}
"""The same beside an answer that is no JSON."""
EVENT = {
    "type": "object",
    "properties": {"data": {"type": "string", "contentMediaType": "application/json"}},
    "required": ["data"],
}
OF_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": EVENT}}},
    403: in_a_line("As everywhere"),
}


def make_app(
    folder: Folder,
    *,
    hosts: Iterable[str] = LOCAL,
    device: str = "cpu",
    waiting: int = WAITING,
    patience: float = PATIENCE,
    ending: Ending | None = None,
) -> FastAPI:
    """The application of a folder.

    hosts: the names under which it answers. device: where models run. waiting: how many questions,
    and how many pages, may be waited for. patience: seconds that one waits at most. ending: tells
    that the server ends; nobody waits on.
    """
    ending = ending or Ending()
    app = FastAPI(title="latebloom", docs_url=None, redoc_url=None)
    app.add_middleware(OnlyOurs, hosts=hosts)
    models = Models(folder, device)
    questions = Turns(
        workers=1, most=waiting, seconds=patience, ending=ending
    )  # models share the processor
    pages = Turns(workers=2, most=waiting, seconds=patience, ending=ending)

    @app.exception_handler(BusyError)
    def busy(_: Request, error: BusyError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=503, headers={"Retry-After": "5"})

    @app.exception_handler(LatebloomError)
    def trouble(_: Request, error: LatebloomError) -> JSONResponse:
        return JSONResponse({"detail": " ".join(sayable(str(error)).split())}, status_code=404)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def index() -> HTMLResponse:
        page = (HERE / "explore.html").read_text(encoding="utf-8")
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})

    for file in FILES:
        app.get(f"/{file.name}", include_in_schema=False)(sender(file))

    @app.get("/run", response_class=HTMLResponse, responses=OF_A_PAGE)
    async def report(name: Name) -> HTMLResponse:
        """The report of a run, as it is now."""
        return HTMLResponse(await pages.take(lambda: folder.page(name)))

    @app.get("/api/runs", responses=FORBIDDEN)
    def runs() -> list[RunRow]:
        """Every run of the folder."""
        return list(folder.rows())

    @app.get("/api/studies", responses=FORBIDDEN)
    def studies() -> list[StudyRow]:
        """Every study of the folder (a sweep, a reproduction, ...), with its runs counted."""
        return list(folder.studies())

    @app.get("/api/records", responses=REFUSED)
    def records(name: Name, after: Annotated[int, Query(ge=-1, le=2**53)] = -1) -> list[Any]:
        """The evaluations of a run behind a step, as they stand in `metrics.jsonl`."""
        return [known(record) for record in folder.records(name, after)]

    @app.get("/api/steps", responses=REFUSED)
    def steps(name: Name) -> list[int]:
        """The steps of which a run has a checkpoint."""
        return models.steps(name)

    @app.get("/api/ask", responses=OF_A_MODEL, response_model=Answered | AnsweredSet | Chose)
    async def ask(
        name: Name, q: Words, top: Annotated[int, Query(ge=1, le=100)] = 5, step: Step = None
    ) -> dict[str, Any]:
        """A run's answer to a question, and the way that it went."""
        return await questions.take(lambda: models.ask(name, q, top=top, step=step))

    @app.get("/api/lens", responses=OF_A_MODEL)
    async def lens(name: Name, q: MaybeWords = (), step: Step = None) -> dict[str, Any]:
        """What every state of the model says to a question; without one, to a held-out one."""
        return await questions.take(lambda: models.lens(name, q, step=step))

    @app.get("/api/patch", responses=OF_A_MODEL, response_model=Patched)
    async def patch(
        name: Name,
        q: Words,
        loop: Loop,
        layer: Layer,
        position: Position,
        other: OtherWords = (),
        from_loop: MaybeLoop = None,
        from_layer: MaybeLayer = None,
        from_position: MaybePosition = None,
        noise: Seed = None,
        mean: bool = False,
        embedding: MaybeName = None,
        top: Annotated[int, Query(ge=1, le=100)] = 5,
        step: Step = None,
    ) -> dict[str, Any]:
        """The answer to a question with one of its states replaced: by a state of the question
        `from`, noise as long as itself, its mean over questions, or the embedding of a name."""
        place = place_of(loop, layer, position)
        at = place_of(
            loop if from_loop is None else from_loop,
            layer if from_layer is None else from_layer,
            position if from_position is None else from_position,
        )
        by = source_of(other, at, noise=noise, mean=mean, embedding=embedding)
        return await questions.take(lambda: models.patch(name, q, place, by, top=top, step=step))

    @app.get("/api/events", response_class=EventStream, responses=OF_EVENTS)
    def events(once: bool = False) -> StreamingResponse:
        """The runs that changed, as server-sent events; all of them at first.

        once: ends after the first event.
        """
        told = changes(folder, ending, once=once)
        return EventStream(told, headers={"Cache-Control": "no-store"})

    return app


def sender(file: Path) -> Callable[[], FileResponse]:
    """What answers with a file of the list."""
    kind = {".js": "text/javascript", ".css": "text/css"}[file.suffix]
    return lambda: FileResponse(file, media_type=kind)


async def changes(folder: Folder, ending: Ending, *, once: bool = False) -> AsyncIterator[str]:
    """Events with the rows that changed since the last one, the names of those that went, and,
    whenever a run or a study has changed, all studies; until the server ends."""
    before: dict[str, RunRow] = {}
    studies: tuple[StudyRow, ...] = ()
    while True:
        now = {row.name: row for row in await asyncio.to_thread(folder.rows)}
        studies_before, studies = studies, await asyncio.to_thread(folder.studies)
        changed = [row for name, row in now.items() if before.get(name) != row]
        gone = [name for name in before if name not in now]
        if changed or gone or not before or studies != studies_before:
            told = {
                "runs": [asdict(row) for row in changed],
                "gone": gone,
                "studies": [asdict(row) for row in studies],
            }
            yield f"data: {json.dumps(told, allow_nan=False)}\n\n"
        else:
            yield ": nothing new\n\n"  # so that a reader who has gone is noticed
        before = now
        if once or await ending.within(BEAT):
            return


def known(value: Any) -> Any:
    """A record without NaN and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {key: known(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [known(entry) for entry in value]
    if isinstance(value, float) and not -1e308 < value < 1e308:
        return None
    return value


def serve(app: FastAPI, host: str, port: int, ending: Ending) -> None:
    """Serves until Ctrl-C, which begins the end that the application was made with.

    Raises: LatebloomError if the address cannot be had.
    """
    import socket
    from types import FrameType

    import uvicorn

    class Server(uvicorn.Server):
        """Tells those who wait before it waits for them."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            ending.begin()
            super().handle_exit(sig, frame)

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            raise LatebloomError(
                f"{host}:{port} cannot be served ({error.strerror}); choose another --port"
            ) from error
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        limit_concurrency=AT_ONCE,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=1,
    )
    with suppress(KeyboardInterrupt):  # the server raises it again when it has ended
        Server(config).run()
