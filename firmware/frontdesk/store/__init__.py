"""What the box keeps across restarts, in SQLite: accounts, settings, bindings and call records, and the journal."""

from .clock import Clock
from .errors import StoreError
from .journal import Journal
from .lock import DirectoryLock
from .opening import open_store
from .records import Records
from .store import Store

__all__ = ["Clock", "DirectoryLock", "Journal", "Records", "Store", "StoreError", "open_store"]
