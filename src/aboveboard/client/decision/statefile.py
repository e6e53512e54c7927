"""The state file: whole or not at all, and a no is for good. state.py tells what it says."""

from __future__ import annotations

import json
import os
import time

from aboveboard.client.files import directories, locks, shortfile

from . import consent
from .identity import new_identity
from .state import State, checksum, makes_sense, understood

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FILE_NAME = "analytics.json"
NO = ".no"
"""The ending of a file that says no apart from the state file."""

_SIZE_MAX = 1 << 20
_LOCK_SECONDS = 5
"""Fifty processes that decide at once take turns in less; whoever holds it longer hangs."""


class StateFile:
    """The file at `path`, its lock beside it.

    Args:
        path: Where it is.
        elsewhere: Further files whose being there is a no. The first that can be made is made
            where a no can be kept neither in the file nor beside it: it is root's, say, since the
            host was once run with sudo.
    """

    def __init__(self, path: str, elsewhere: Sequence[str] = ()) -> None:
        # A dotfile that is a link stays one: the file it names is replaced, not the link.
        self.path = os.path.realpath(path)
        self._noes = (self.path + NO, *elsewhere)

    def apart(self) -> str:
        """Return the file that says no apart from the state file, or "" where none does."""
        return next((path for path in self._noes if os.path.lexists(path)), "")

    def read(self) -> State:
        """Return what the file says now. Never raises."""
        document = self._load()
        return State(consent.UNREADABLE) if document is None else understood(document)

    def writable(self) -> bool:
        """Return whether an answer could be kept, as far as that can be told without writing."""
        lock = self.path + ".lock"
        folder = os.path.dirname(self.path)
        while not os.path.lexists(folder) and os.path.dirname(folder) != folder:
            folder = os.path.dirname(folder)
        return os.access(folder, os.W_OK | os.X_OK) and (
            not os.path.lexists(lock) or os.access(lock, os.R_OK | os.W_OK)
        )

    def identify(self) -> State:
        """Return what the file says, having made sure that it names an install.

        Raises:
            OSError: nothing can be kept here.
        """
        state = self.read()
        if state.user_id or state.standing == consent.UNREADABLE:
            return state
        return self._change(lambda _now: new_identity(), only_if_missing=True)

    def renew(self) -> State:
        """Take another identity; the decision stays.

        Raises:
            OSError: it could not be kept.
        """
        return self._change(lambda _now: new_identity())

    def agree(self, terms: consent.Terms, recipient: str, *, again: bool = False) -> State:
        """Keep a yes to `terms` for a recipient, beside what was agreed to before.

        Returns what stands then: a no that came first wins.

        Args:
            terms: What the yes is to.
            recipient: Whom it is given to.
            again: Whether a person has typed a command to be asked again: then their yes takes
                back a no of before. Nothing else may say so: no flag, variable, setting or file.

        Raises:
            OSError: it could not be kept, or a no that lies apart could not be removed: a no that
                stood still stands.
        """

        def make(now: State) -> Mapping[str, object]:
            had = now.recipients.get(recipient, {})
            if had.get("refused") is True and not again:
                return {}
            answer: dict[str, object] = {"agreed": consent.merge(had.get("agreed"), terms)}
            declined = consent.growth(terms, had.get("declined") or {})
            if declined:
                answer["declined"] = declined
            return {
                "asked_opt_in": True,
                "permanently_disable": False,
                "recipients": {**now.recipients, recipient: answer},
                "decided": int(time.time()),
                **({} if now.user_id or not again else new_identity()),
            }

        state = self._change(make, only_if_allowed=not again, is_reset=again)
        if again:
            self._remove_apart()
        return state

    def decline(self, terms: consent.Terms, agreed: consent.Terms, recipient: str) -> State:
        """Keep a no to what is new in `terms` for a recipient, and the earlier yes to `agreed`.

        Raises:
            OSError: it could not be kept.
        """

        def make(now: State) -> Mapping[str, object]:
            had = now.recipients.get(recipient, {})
            if had.get("refused") is True:
                return {}
            declined = consent.merge(had.get("declined"), consent.growth(agreed, terms))
            answer = {"agreed": agreed, "declined": declined}
            return {
                "recipients": {**now.recipients, recipient: answer},
                "decided": int(time.time()),
            }

        return self._change(make, only_if_allowed=True)

    def refuse(self, recipient: str) -> State:
        """Keep a no to a recipient; what others were agreed to stands.

        Raises:
            OSError: it could not be kept.
        """
        return self._change(
            lambda now: {
                "recipients": {**now.recipients, recipient: {"refused": True}},
                "decided": int(time.time()),
            },
            only_if_allowed=True,
        )

    def name(self, recipient: str, terms: consent.Terms) -> State:
        """Keep whom, and to what, a yes was given that says neither or only to what.

        Raises:
            OSError: it could not be kept.
        """

        def make(now: State) -> Mapping[str, object]:
            if not now.is_unnamed:
                return {}
            had = now.recipients.get(recipient, {})
            if had.get("refused") is True:  # a no that was said by name wins
                return {"agreed": None, "declined": None}
            answer = {"agreed": consent.merge(had.get("agreed"), now.agreed or terms)}
            declined = consent.merge(had.get("declined"), now.declined or {})
            if declined:
                answer["declined"] = declined
            return {
                "recipients": {**now.recipients, recipient: answer},
                "agreed": None,
                "declined": None,
            }

        return self._change(make, only_if_allowed=True)

    def disable(self) -> State:
        """Keep a no, for good.

        Raises:
            OSError: it could not be kept.
        """
        try:
            return self._change(
                lambda _now: {
                    "asked_opt_in": True,
                    "permanently_disable": True,
                    "recipients": None,
                    "agreed": None,
                    "declined": None,
                    "decided": int(time.time()),
                },
                only_if_allowed=True,
                is_no=True,
            )
        except OSError:
            if not self._refuse_apart():
                raise
            return self.read()

    def reset(self) -> State:
        """Take back every answer, a no for good too: nothing is decided then. The id stays.

        Only a command of the person's own may call this: no flag, variable, setting or file.

        Raises:
            OSError: it could not be kept, or a no that lies apart could not be removed: a no that
                stood still stands.
        """
        state = self._change(
            lambda _now: {
                "asked_opt_in": False,
                "permanently_disable": None,
                "recipients": None,
                "agreed": None,
                "declined": None,
                "decided": None,
            },
            is_reset=True,
        )
        self._remove_apart()
        return state

    def _remove_apart(self) -> None:
        for path in self._noes:
            try:
                os.unlink(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            sync_directory(os.path.dirname(path))

    def _refuse_apart(self) -> bool:
        """Leave a no apart from the file; return whether that could be done anywhere."""
        for path in self._noes:
            try:
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
            except OSError:
                continue
            sync_directory(os.path.dirname(path))
            return True
        return False

    def _change(
        self,
        make: Callable[[State], Mapping[str, object]],
        *,
        only_if_missing: bool = False,
        only_if_allowed: bool = False,
        is_no: bool = False,
        is_reset: bool = False,
    ) -> State:
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        lock = locks.above_stdio(os.open(self.path + ".lock", os.O_RDWR | os.O_CREAT, 0o600))
        try:
            locked = self._acquire(lock)
            if not locked and not is_no:
                raise OSError("another process keeps the state file's lock")
            document = self._load()
            if document is None:
                # What cannot be understood is replaced by a no, which cannot undo one, and by
                # whoever takes all answers back.
                if not (is_no or is_reset):
                    return State(consent.UNREADABLE)
                document = {}
            now = understood(document)
            if not locked:
                # Whoever holds the lock may go on one day, and write what it had in hand.
                os.close(os.open(self.path + NO, os.O_WRONLY | os.O_CREAT, 0o600))
            if only_if_missing and now.user_id:
                return now
            if only_if_allowed and now.standing == consent.DISABLED:
                return now
            changes = make(now)
            document.update(changes)
            for key in ("recipients", "agreed", "declined", "decided"):
                if document.get(key, True) is None:
                    del document[key]
            document.setdefault("asked_opt_in", False)
            document.setdefault("permanently_disable", None)
            document.setdefault("uuid", None)
            # What sends nothing needs no id; everything else does.
            if not (now.user_id or "uuid" in changes or is_no or is_reset):
                document.update(new_identity())
            document["check"] = checksum(document)
            self._replace(json.dumps(document, indent=4) + "\n", "tmp" if locked else "no.tmp")
            return understood(document)
        finally:
            os.close(lock)

    def _acquire(self, lock: int) -> bool:
        """Take the lock; return whether it was to be had. A no does without, if it must."""
        try:
            return locks.acquire(lock, seconds=_LOCK_SECONDS)
        except OSError:  # a file system without locks
            return False

    def _load(self) -> dict[str, object] | None:
        """Return the file's object, {} where there is no file, None where it makes no sense."""
        document = self._parse()
        if self.apart():
            return {**(document or {}), "permanently_disable": True}
        return document

    def _parse(self) -> dict[str, object] | None:
        try:
            document = json.loads(shortfile.read(self.path, _SIZE_MAX))
            if not isinstance(document, dict):
                return None
            # A no, whatever else is damaged.
            if document.get("permanently_disable") is True or makes_sense(document):
                return document
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError, RecursionError):
            return None
        return None

    def _replace(self, text: str, suffix: str) -> None:
        # One name for all: the lock is held, and a crash leaves one file.
        temporary = f"{self.path}.{suffix}"
        file = locks.above_stdio(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        try:
            try:
                data = text.encode()
                while data:
                    data = data[os.write(file, data) :]
                os.fsync(file)
            finally:
                os.close(file)
            os.replace(temporary, self.path)
        except BaseException:
            os.unlink(temporary)
            raise
        sync_directory(os.path.dirname(self.path))


def noes(spool: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return where else a no is looked for, and kept where the state file's place takes none.

    First beside what waits to be sent, then in the home directory itself: after a run with sudo,
    all directories below may be root's.

    Args:
        spool: The app's directory of what waits, which ends in its name.
        environ: The environment that names the home directory.
    """
    name = os.path.basename(spool)
    home = directories.home(environ)
    return os.path.join(spool, FILE_NAME + NO), os.path.join(home, f".{name}-analytics{NO}")


def sync_directory(path: str) -> None:
    """Have a rename in a directory outlast a loss of power, where the system can promise that."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows: a rename is durable by itself or not at all
        return
    try:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # one that may not be listed; the rename has happened all the same
        return
    try:
        os.fsync(directory)
    except OSError:  # some network file systems refuse
        pass
    finally:
        os.close(directory)
