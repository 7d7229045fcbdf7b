"""The reception: from a connection's hello to the visit that it begins, resumes or looks on at."""

from __future__ import annotations

import asyncio
import secrets

from showroom import __version__
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import VERSION, Event, Hello, Welcome

from .connection import Connection
from .host import Host
from .metrics import Metrics
from .microphones import Microphones
from .session import Session, digest
from .sessions import Sessions
from .settings import ServerSettings
from .tokens import Door, Grant
from .watching import watchable

HELLO_SECONDS = 10.0


class Reception:
    """Welcomes clients.

    Args:
        capabilities: what a welcome says that this server can do.

    Attributes:
        closed: nobody is let in any more.
    """

    def __init__(
        self,
        settings: ServerSettings,
        host: Host,
        sessions: Sessions,
        microphones: Microphones,
        metrics: Metrics,
        capabilities: tuple[str, ...],
    ) -> None:
        self.closed = False
        self._settings = settings
        self._host = host
        self._sessions = sessions
        self._microphones = microphones
        self._metrics = metrics
        self._capabilities = capabilities
        self._door = Door(settings.token, settings.token_key)
        self._names = 0

    async def greet(self, connection: Connection) -> Session | None:
        """Wait for a hello that can be welcomed; None after too long.

        Raises:
            ConnectionClosed: the client is gone.
        """
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                while True:
                    event = await connection.receive()
                    if event is None:
                        continue
                    try:
                        return self._welcome(connection, event)
                    except ProtocolError as error:
                        connection.refuse(error)
        except TimeoutError:
            await connection.ws.close(1008, "no hello")
            return None

    def _welcome(self, connection: Connection, hello: Event) -> Session:
        if not isinstance(hello, Hello):
            raise ProtocolError(
                "hello_first",
                "a visit begins with a hello",
                field="type",
                expected="hello",
                got=str(hello.__struct_config__.tag),
            )
        if hello.version != VERSION:
            raise ProtocolError(
                "version",
                "this server speaks another version",
                field="version",
                expected=str(VERSION),
                got=str(hello.version),
                ref=hello.id,
            )
        grant = self._door.admit(hello.token, ref=hello.id)
        if not grant.may("visit"):
            raise ProtocolError(
                "token_scope", "the token's role may not visit", field="token", ref=hello.id
            )
        if self.closed:
            raise ProtocolError("busy", "the showroom is closing", ref=hello.id)
        connection.settled = True
        connection.plain = "plain" in hello.want
        connection.still = "still" in hello.want
        connection.differs = not connection.plain and "delta" in hello.want
        connection.differs &= "delta" in self._capabilities
        if "vertices" not in hello.want:
            connection.unwanted = frozenset(("avatar",))
        if hello.watch:
            return self._look_on(connection, hello, grant)
        if hello.resume:
            return self._resume(connection, hello, grant)
        return self._begin(connection, hello, grant)

    def _name(self, hello: Hello, grant: Grant) -> str:
        """A new visit's name: the token's where it has one, else one that no token can guess."""
        if not grant.visit:
            self._names += 1
            suffix = f"-{secrets.token_hex(6)}" if self._door.signed else ""
            return f"v{self._names}{suffix}"
        if grant.visit in self._sessions:
            raise ProtocolError(
                "busy",
                "the token's visit is open already; come back to it with its resume token",
                field="token",
                ref=hello.id,
            )
        return grant.visit

    def _begin(self, connection: Connection, hello: Hello, grant: Grant) -> Session:
        if len(self._sessions) >= self._settings.max_visits:
            raise ProtocolError(
                "busy",
                "the showroom is full; try again in a minute",
                expected=f"at most {self._settings.max_visits} visits",
                got=str(len(self._sessions)),
                ref=hello.id,
            )
        session = Session(self._name(hello, grant), self._settings.backlog)
        session.connection = connection
        connection.put(self._welcome_to(session))
        self._sessions.begin(session)
        session.want = hello.want
        self._sessions.greet_frames(session)
        self._host.post(session.name, hello)
        self._microphones.connect(session, hello)
        return session

    def _resume(self, connection: Connection, hello: Hello, grant: Grant) -> Session:
        wanted = digest(hello.resume)
        session = next((s for s in self._sessions if wanted in s.tokens), None)
        if session is None:
            raise ProtocolError(
                "resume",
                "that visit is no longer held; begin a new one",
                field="resume",
                expected="the token of the latest welcome",
                got="another",
                ref=hello.id,
            )
        if grant.visit and grant.visit != session.name:
            raise ProtocolError(
                "token_scope",
                "the token is for another visit",
                field="token",
                expected="a token of the visit that is resumed",
                got="another",
                ref=hello.id,
            )
        missed = session.missed(hello.have)
        if session.connection is not None:
            self._sessions.hang_up(session.connection, 4000, "resumed elsewhere")
        session.connection = connection
        self._microphones.tune(session, hello)
        session.want = hello.want
        self._sessions.greet_frames(session)
        self._metrics.resumed_total += 1
        connection.put(self._welcome_to(session, wanted))
        if missed is None:  # a client that lost its own state is shown everything anew
            self._host.post(session.name, hello)
        self._sessions.companies.came_back(session, lost=missed is None)
        for update in missed or ():
            connection.put(update)
        return session

    def _look_on(self, connection: Connection, hello: Hello, grant: Grant) -> Session:
        """Show a visit to somebody else, who only looks on."""
        session = watchable(tuple(self._sessions), hello, grant)
        connection.put(self._welcome_to(session, observer=True))
        session.arriving.add(connection)
        self._sessions.show(session)
        return session

    def _welcome_to(self, session: Session, used: str = "", *, observer: bool = False) -> Welcome:
        welcome = Welcome(
            visit=session.name,
            version=VERSION,
            server=f"showroom/{__version__}",
            capabilities=self._capabilities,
        )
        if not observer:
            welcome.resume = session.new_token(used)
            welcome.resumed = bool(used)
            welcome.hold = self._settings.hold
            welcome.watch = session.watch
        return welcome
