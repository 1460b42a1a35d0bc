"""A phone's answer to a Digest challenge, written apart from the product's (RFC 2617 section 3.2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5


def _h(text: str) -> str:
    return md5(text.encode()).hexdigest()


@dataclass
class Answerer:
    """Answers one challenge as often as it is asked, with the next nonce count each time."""

    username: str
    password: str
    challenge: str
    count: int = 0

    @property
    def realm(self) -> str:
        return self._part("realm")

    def authorize(self, method: str, uri: str) -> str:
        """The value of Authorization or Proxy-Authorization, qop auth."""
        self.count += 1
        nonce, nc, cnonce = self._part("nonce"), f"{self.count:08x}", "0a4f113b"
        ha1 = _h(f"{self.username}:{self.realm}:{self.password}")
        response = _h(f"{ha1}:{nonce}:{nc}:{cnonce}:auth:{_h(f'{method}:{uri}')}")
        return (
            f'Digest username="{self.username}", realm="{self.realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{response}", algorithm=MD5, qop=auth, nc={nc}, cnonce="{cnonce}"'
        )

    def authorize_without_qop(self, method: str, uri: str) -> str:
        """As phones of RFC 2069 do: nothing but the nonce is used up."""
        nonce, ha1 = self._part("nonce"), _h(f"{self.username}:{self.realm}:{self.password}")
        response = _h(f"{ha1}:{nonce}:{_h(f'{method}:{uri}')}")
        return (
            f'Digest username="{self.username}", realm="{self.realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{response}"'
        )

    def _part(self, name: str) -> str:
        return self.challenge.split(f'{name}="', 1)[1].split('"', 1)[0]
