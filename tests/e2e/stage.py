"""A running box with accounts that no other test has used, and the SIPp scenarios and bare sockets that act on it."""

from collections.abc import Iterator
from pathlib import Path

from tests.e2e.sipp import Play, Sipp
from tests.e2e.wire_client import WireClient

Accounts = Iterator[tuple[str, str]]  # user and password, each only once


class Stage:
    """What a test needs to tell a story: who registers, who plays which scenario, and that all of it ended well."""

    def __init__(self, server: tuple[str, int], domain: str, accounts: Accounts, folder: Path):
        self.server, self.domain = server, domain
        self._accounts = accounts
        self._passwords: dict[str, str] = {}
        self._sipp = Sipp(server, domain, folder)
        self._clients: list[WireClient] = []

    def account(self) -> str:
        """The name of an account that is this test's own."""
        user, password = next(self._accounts)
        self._passwords[user] = password
        return user

    def client(self, user: str = "", *, tcp: bool = False, port: int = 0, password: str = "") -> WireClient:
        """A bare socket that knows the account's password, or the wrong one that is given."""
        user = user or self.account()
        password = password or self._passwords.get(user, "unknown")
        self._clients.append(WireClient(self.server, self.domain, user, password, tcp=tcp, port=port))
        return self._clients[-1]

    def callee(self, user: str, scenario: str, *, q: str = "", times: int = 1, **values: str) -> Play:
        """A phone of the account: it registers, and then plays the scenario on the port that it registered from."""
        with WireClient(self.server, self.domain, user, self._passwords[user]) as phone:
            port, contact = phone.port, f"<{phone.contact}>" + (f";q={q}" if q else "")
            answer = phone.register(contact=contact)
        assert answer.status == 200, answer.raw.decode()
        play = self._sipp.play(scenario, values, {"-p": str(port), "-m": str(times)})
        play.wait_until_it_listens(port)
        return play

    def caller(self, scenario: str, callee: str, *, times: int = 1, **values: str) -> Play:
        """An account of its own calls the callee by the scenario."""
        user = self.account()
        options = {"-m": str(times), "-auth_uri": f"{callee}@{self.domain}"}
        return self._sipp.play(scenario, values, options, f"{user};{self._signed(user)};{callee}")

    def registers(self, user: str, scenario: str, *, times: int = 1, call_id: str = "%u-%p", **values: str) -> None:
        """A phone of the account plays a scenario of registrations to its end; %u in its Call-ID counts them."""
        options = {"-m": str(times), "-auth_uri": self.domain, "-cid_str": call_id}
        self._sipp.play(scenario, values, options, f"{user};{self._signed(user)}").ends_well()

    def everybody_ends_well(self) -> None:
        faults = [fault for play in self._sipp.plays if (fault := play.fault())]
        assert not faults, "\n".join(faults)

    def clear(self) -> None:
        self._sipp.stop()
        for client in self._clients:
            client.socket.close()

    def _signed(self, user: str) -> str:
        return f"[authentication username={user} password={self._passwords[user]}]"
