"""What an accepted REGISTER comes to (RFC 3261 section 10.3 step 7)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model import AddressOfRecord, Binding, BindingState, Changes


@dataclass(slots=True)
class Refresh:
    """A committed binding that lives on where it is, changed in this alone; a phone that was off and on again too."""

    binding: Binding
    granted: int
    call_id: str
    cseq: int
    user_agent: str
    nonce_issued: float

    def write(self, binding: Binding, now: float) -> None:
        """Puts the new interval and its end into `binding` (the committed one, or a copy of it)."""
        if binding.call_id != self.call_id:
            binding.call_id_since = now
        binding.granted = self.granted
        binding.call_id = self.call_id
        binding.cseq = self.cseq
        binding.user_agent = self.user_agent
        binding.nonce_issued = self.nonce_issued
        binding.expires_at = now + self.granted
        binding.seen_at = binding.accepted_at = now
        binding.state = BindingState.LIVE


@dataclass(slots=True)
class Registration:
    """The outcome of an accepted REGISTER."""

    aor: AddressOfRecord
    username: str
    bindings: list[Binding]
    """All of the address-of-record from now on (those of `refreshes` as they are before it)."""
    changes: Changes = field(default_factory=Changes)
    """What must be on disk before the 200."""
    refreshes: list[Refresh] = field(default_factory=list)
    """What may wait for the flush."""
    anew: list[int] = field(default_factory=list)
    """Ids of bindings whose device has started anew."""
    told: list[tuple[str, Binding]] = field(default_factory=list)
    """("add" | "move" | "return" | "remove" | "replace", binding) for the events."""

    @property
    def own(self) -> list[Binding]:
        """Those that the REGISTER itself has added, moved or refreshed."""
        return [*self.changes.saved, *(refresh.binding for refresh in self.refreshes)]

    def drop_refresh(self, binding: Binding) -> None:
        """As if that binding had not been refreshed."""
        self.refreshes = [each for each in self.refreshes if each.binding is not binding]

    def harden(self, now: float) -> None:
        """Makes the refreshes part of what must be on disk before the 200: copies take their bindings' places."""
        for refresh in self.refreshes:
            binding = refresh.binding.copy()
            refresh.write(binding, now)
            self.bindings[self.bindings.index(refresh.binding)] = binding
            self.changes.saved.append(binding)
        self.refreshes.clear()
