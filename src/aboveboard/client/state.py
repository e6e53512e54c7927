"""The state file: what was decided on this install. Whole or not at all, and a no is for good.

It is aider's own `analytics.json` with its three keys (`uuid`, `permanently_disable`,
`asked_opt_in`), and some of ours: `recipients`, what was answered about each: the terms that a yes
was given to (`agreed`), those that a later question was answered with no (`declined`), or that
there was no yes at all (`refused`); `decided`, when that was; and `secret`, from which the id was
made, so that only this install can ask for its data to be erased. 0.1.0 kept `agreed` and
`declined` without a recipient. Keys that are not ours are kept. A file that cannot be understood is
left as it is, until someone says no for good.

`check` tells a file that was damaged, by a bit or by hand, from one that was written: a yes is
believed only with it, or where no key of ours is there (aider's own file, and then only by a host
that knows what such a yes was given to). A no always is.
"""

from __future__ import annotations

import json
import os
import time

from . import consent, directories, locks, shortfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, TypeGuard

FILE_NAME = "analytics.json"


class State:
    """What the file says.

    Attributes:
        standing: `not asked`, `consented`, `disabled` or `unreadable`.
        user_id: The install's id, or "" where none was made yet.
        recipients: What was answered about each recipient, by its name.
        agreed: The terms of a consent that names no recipient; None where no terms were kept either
            (aider's own file). What `toward` returns has those of one recipient.
        declined: The same for what a later question was answered with no; None where there is none.
        decided: When the decision was made, in seconds since 1970; None where that is not known.
        secret: What the id was made from; "" where it was not made here.
        refused: Whether the recipient that this is about was answered with no. See `toward`.
        elsewhere: The recipients that a yes stands for, if this is about another. See `toward`.
    """

    __slots__ = (
        "agreed", "decided", "declined", "elsewhere", "recipients", "refused", "secret", "standing",
        "user_id",
    )  # fmt: skip

    def __init__(
        self,
        standing: str,
        user_id: str = "",
        agreed: consent.Terms | None = None,
        declined: consent.Terms | None = None,
        decided: int | None = None,
        secret: str = "",
        recipients: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.recipients = recipients or {}
        self.refused = False
        self.elsewhere: tuple[str, ...] = ()
        self.decided = decided
        self.secret = secret
        self.standing = standing
        self.user_id = user_id
        self.agreed = agreed
        self.declined = declined

    @property
    def is_unnamed(self) -> bool:
        """Whether a consent stands here that names no recipient."""
        return self.standing == consent.CONSENTED and (
            self.agreed is not None or not self.recipients
        )

    def toward(self, recipient: str, unnamed: str = "") -> State:
        """Return what the file says as far as one recipient is concerned.

        A yes to another is none to this one: about this one, nobody was asked.

        Args:
            recipient: Whom it is about.
            unnamed: Whom a consent was given to that names nobody; "" where that is not known.
        """
        state = State(
            self.standing, self.user_id, None, None, self.decided, self.secret, self.recipients
        )
        if self.standing != consent.CONSENTED:
            return state
        answer = self.recipients.get(recipient)
        if answer is not None:
            state.refused = answer.get("refused") is True
            state.agreed, state.declined = answer.get("agreed"), answer.get("declined")
        elif self.is_unnamed and recipient == unnamed:
            state.agreed, state.declined = self.agreed, self.declined
            return state
        if state.agreed is None:
            state.standing = consent.NOT_ASKED
            others = {
                name for name, said in self.recipients.items() if said.get("agreed") is not None
            }
            others |= {unnamed} if self.is_unnamed and unnamed else set()
            state.elsewhere = tuple(sorted(others - {recipient}))
        return state


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
        return State(consent.UNREADABLE) if document is None else _understood(document)

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

    def agree(self, terms: consent.Terms, recipient: str) -> State:
        """Keep a yes to `terms` for a recipient, beside what was agreed to before.

        Returns what stands then: a no that came first wins.

        Raises:
            OSError: it could not be kept.
        """

        def make(now: State) -> Mapping[str, object]:
            had = now.recipients.get(recipient, {})
            if had.get("refused") is True:
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
            }

        return self._change(make, only_if_allowed=True)

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
    ) -> State:
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        lock = locks.above_stdio(os.open(self.path + ".lock", os.O_RDWR | os.O_CREAT, 0o600))
        try:
            locked = self._acquire(lock)
            if not locked and not is_no:
                raise OSError("another process keeps the state file's lock")
            document = self._load()
            if document is None:
                # Only a no may replace what cannot be understood: it cannot be undone by that.
                if not is_no:
                    return State(consent.UNREADABLE)
                document = {}
            now = _understood(document)
            if not locked:
                # Whoever holds the lock may go on one day, and write what it had in hand.
                os.close(os.open(self.path + NO, os.O_WRONLY | os.O_CREAT, 0o600))
            if only_if_missing and now.user_id:
                return now
            if only_if_allowed and now.standing == consent.DISABLED:
                return now
            changes = make(now)
            document.update(changes)
            for key in ("recipients", "agreed", "declined"):
                if document.get(key, True) is None:
                    del document[key]
            document.setdefault("asked_opt_in", False)
            document.setdefault("permanently_disable", None)
            document.setdefault("uuid", None)
            # A no needs no id; everything else does.
            if not (now.user_id or "uuid" in changes or is_no):
                document.update(new_identity())
            document["check"] = _check(document)
            self._replace(json.dumps(document, indent=4) + "\n", "tmp" if locked else "no.tmp")
            return _understood(document)
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
            if document.get("permanently_disable") is True or _makes_sense(document):
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


def new_identity() -> dict[str, object]:
    """Return a new id and the random secret from which it was made."""
    secret = os.urandom(32).hex()
    return {"uuid": id_of(secret), "secret": secret}


def id_of(secret: str) -> str:
    """Return the id that belongs to a secret of 64 hex digits.

    A UUID4 whose 122 random bits are the first of the secret's SHA-256, so that who has the secret
    can prove to be the install, and nobody can find the secret from the id.
    """
    from aboveboard.catalog.digest import sha256

    return _uuid4(sha256(bytes.fromhex(secret)).digest()[:16])


def new_id() -> str:
    """Return a random UUID4 as text."""
    return _uuid4(os.urandom(16))


def _uuid4(sixteen: bytes) -> str:
    # By hand: the `uuid` module would cost the host two milliseconds.
    random = bytearray(sixteen)
    random[6] = random[6] & 0x0F | 0x40
    random[8] = random[8] & 0x3F | 0x80
    digits = random.hex()
    return "-".join(_groups(digits))


def is_id(value: object) -> bool:
    """Return whether `value` is a UUID in its usual form."""
    if not isinstance(value, str) or len(value) != 36:
        return False
    groups = value.split("-")
    return [len(group) for group in groups] == [8, 4, 4, 4, 12] and all(
        letter in "0123456789abcdefABCDEF" for group in groups for letter in group
    )


def _groups(digits: str) -> Iterator[str]:
    start = 0
    for length in (8, 4, 4, 4, 12):
        yield digits[start : start + length]
        start += length


def _makes_sense(document: Mapping[str, object]) -> bool:
    user_id = document.get("uuid")
    return (
        len(document.keys() & _AIDERS) in (0, len(_AIDERS))
        and (not any(key in document for key in _OURS) or document.get("check") == _check(document))
        and _is_answer(document.get("permanently_disable"))
        and _is_answer(document.get("asked_opt_in"))
        and (user_id is None or is_id(user_id))
        and all(
            document.get(key) is None or _are_terms(document.get(key))
            for key in ("agreed", "declined")
        )
        and (document.get("recipients") is None or _are_answers(document.get("recipients")))
    )


def _check(document: Mapping[str, object]) -> str:
    """Return what `check` holds: it tells a damaged file, not a forged one."""
    from binascii import crc32

    rest = {key: value for key, value in document.items() if key != "check"}
    return f"{crc32(json.dumps(rest, sort_keys=True).encode()):08x}"


def _is_answer(value: object) -> bool:
    return value is None or value is True or value is False


def _is_secret_of(secret: str, user_id: object) -> bool:
    try:
        return len(secret) == 64 and id_of(secret) == user_id
    except ValueError:
        return False


def _are_terms(value: object) -> TypeGuard[consent.Terms]:
    return isinstance(value, dict) and all(
        isinstance(properties, dict) and all(isinstance(kind, str) for kind in properties.values())
        for properties in value.values()
    )


def _are_answers(value: object) -> TypeGuard[Mapping[str, Mapping[str, Any]]]:
    """Return whether a value is what `recipients` holds."""
    return isinstance(value, dict) and all(
        isinstance(answer, dict)
        and all(_are_terms(answer[key]) for key in ("agreed", "declined") if key in answer)
        for answer in value.values()
    )


def _understood(document: Mapping[str, object]) -> State:
    user_id = document.get("uuid")
    if not is_id(user_id):
        user_id = None
    agreed, declined = document.get("agreed"), document.get("declined")
    decided, secret = document.get("decided"), document.get("secret")
    recipients = document.get("recipients")
    if document.get("permanently_disable"):
        standing = consent.DISABLED
    elif document.get("asked_opt_in"):
        standing = consent.CONSENTED
    else:
        standing = consent.NOT_ASKED
    return State(
        standing,
        user_id.lower() if isinstance(user_id, str) else "",
        agreed if _are_terms(agreed) else None,
        declined if _are_terms(declined) else None,
        decided if type(decided) is int and 0 <= decided < _TIME_MAX else None,
        secret if isinstance(secret, str) and _is_secret_of(secret, user_id) else "",
        recipients if _are_answers(recipients) else None,
    )


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


_TIME_MAX = 2**33
"""Seconds since 1970, in the year 2242; what is later is no time."""

_AIDERS = {"uuid", "asked_opt_in", "permanently_disable"}
"""aider writes all three, and so do we: a file with some of them was damaged."""

_OURS = ("recipients", "agreed", "declined", "decided", "secret", "check")
NO = ".no"
"""The ending of a file that says no apart from the state file."""

_SIZE_MAX = 1 << 20
_LOCK_SECONDS = 5
"""Fifty processes that decide at once take turns in less; whoever holds it longer hangs."""
