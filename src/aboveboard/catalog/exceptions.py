"""Exceptions reduced to what a maker needs and no user wrote: type, places, causes, fingerprint.

Kept: the type's name where it is a builtin's, on the standard library's public list (`standard`) or
a named package's, and the frames inside named
packages as `module:function:line`; of each cause, or member of a group, the type and the innermost
such frame. Never a message, a path, a source line, a local variable or a
frame of the user's own code. A name is only believed where the running program confirms it: the
type must be what its module holds under that name, the frame's code must come from its module, and
that module's file must be the one that the named package has under that name. For a program may
load its user's file under any name.

A program of one file that is run as a script is told by that file's own name, if a package is named
so and the file itself has made an `Analytics` (`scripts`): a user's script has not.
"""

from __future__ import annotations

import builtins
import os
import re
import sys

from .standard import public_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from types import FrameType, TracebackType
    from typing import Any

FRAMES_MAX = 30
"""The innermost frames that are kept; a deep recursion says no more with a thousand."""

CAUSES_MAX = 8

CLAIMED_MAX = 1_000
"""Frames of a claim that are looked at: as deep as Python recurses."""

OTHER = "other"


def reduce(
    error: BaseException, packages: Sequence[str], scripts: Collection[str] = ()
) -> dict[str, object]:
    """Return `{"type", "frames", "causes", "fingerprint"}` of `error`.

    `scripts` are the files that made an `Analytics` while they were run as scripts.

    Frames are `module:function:line`, outermost first. Causes are `type` or `type module:function:
    line`: what the exception was raised from or while handling, nearest first, and the members of
    a group.
    """
    causes = []
    for cause in _causes(error):
        frames = _frames(cause, packages, scripts)
        causes.append(" ".join([_type_name(type(cause), packages, scripts), *frames[-1:]]))
    return _finish(
        _type_name(type(error), packages, scripts), _frames(error, packages, scripts), causes
    )


def reduce_text(text: str, types: Sequence[str]) -> dict[str, object] | None:
    """Return the reduction of a text that begins with an exception's name, else None.

    Only a builtin exception's name, a listed one or one of `types` is believed; the rest of the
    text is dropped.
    """
    match = _LEADING_NAME.match(text[:200])
    if match is None:
        return None
    name = match.group(1)
    if name in types or _is_builtin(name):
        return _finish(name, [], [])
    standard = public_name(name)
    if standard is not None:
        return _finish(standard, [], [])
    last = name.rpartition(".")[2]
    return _finish(last, [], []) if last in types or _is_builtin(last) else None


def reduce_again(
    claimed: dict[str, object], packages: Sequence[str], types: Sequence[str] = ()
) -> dict[str, object] | None:
    """Check a reduction that came over the wire; return it with its own fingerprint, or None.

    A frame or type that does not fit is dropped, not the whole.
    """
    name, frames = claimed.get("type"), claimed.get("frames", [])
    causes = claimed.get("causes", [])
    if not isinstance(name, str) or not isinstance(frames, list) or not isinstance(causes, list):
        return None

    # A type is told by its package's first word (`_type_name`), also if that is not all of it.
    tops = [package.partition(".")[0] for package in packages]

    def known(claimed_name: str) -> str:
        standard = public_name(claimed_name)
        if standard is not None:
            return standard
        public = claimed_name in types or _is_builtin(claimed_name)
        if public or (
            _DOTTED(claimed_name)
            and _inside(claimed_name, [*packages, *tops])
            and not _LIKE_AN_ID(claimed_name)
        ):
            return claimed_name
        return OTHER

    frames = frames[-CLAIMED_MAX:]
    kept = [frame for frame in frames if isinstance(frame, str) and _is_place(frame, packages)]
    kept_causes = []
    for cause in causes[:CAUSES_MAX]:
        if isinstance(cause, str):
            cause_name, _, place = cause.partition(" ")
            words = [known(cause_name)]
            if _is_place(place, packages):
                words.append(place)
            kept_causes.append(" ".join(words))
    return _finish(known(name), kept[-FRAMES_MAX:], kept_causes)


def _finish(name: str, frames: list[str], causes: list[str]) -> dict[str, object]:
    """Return the reduction with its fingerprint, which does not change with line numbers."""
    from .digest import sha256

    # Lines move from version to version and recursion repeats: neither makes another failure.
    places: list[str] = []
    for frame in frames:
        place = frame.rpartition(":")[0]
        if not places or places[-1] != place:
            places.append(place)
    words = [name, *places, *(cause.partition(" ")[0] for cause in causes)]
    digest = sha256("\n".join(words).encode()).hexdigest()
    return {"type": name, "frames": frames, "causes": causes, "fingerprint": digest[:16]}


def _causes(error: BaseException) -> list[BaseException]:
    """Return the causes of `error` as a traceback would show them, nearest first, no one twice."""
    found: list[BaseException] = []
    seen = {id(error)}
    waiting = [error]
    while waiting and len(found) < CAUSES_MAX:
        looked_at = waiting.pop(0)
        near = [_own(looked_at, "__cause__")]
        if near[0] is None and not _own(looked_at, "__suppress_context__"):
            near = [_own(looked_at, "__context__")]
        if _GROUP is not None and issubclass(type(looked_at), _GROUP):
            near.extend(_own(looked_at, "exceptions", _GROUP))
        for cause in near:
            if cause is not None and id(cause) not in seen and len(found) < CAUSES_MAX:
                seen.add(id(cause))
                found.append(cause)
                waiting.append(cause)
    return found


def _frames(error: BaseException, packages: Sequence[str], scripts: Collection[str]) -> list[str]:
    frames: list[str] = []
    for frame, line in _walk(_own(error, "__traceback__")):
        place = _place(frame, packages, scripts)
        if place is not None:
            frames.append(f"{place}:{line}")
            if len(frames) > 2 * FRAMES_MAX:
                del frames[:FRAMES_MAX]
    return frames[-FRAMES_MAX:]


def _walk(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _own(error: BaseException, name: str, of: type = BaseException) -> Any:
    """Return what Python itself keeps under that name, whatever the exception's class makes of it.

    A class may have a property of its own there, and so anything in its place.
    """
    return vars(of)[name].__get__(error)


def _place(frame: FrameType, packages: Sequence[str], scripts: Collection[str]) -> str | None:
    module = _module_of(frame, scripts)
    if module is None or not _is_told(module, frame.f_globals, packages, scripts):
        return None
    code = frame.f_code
    place = f"{module}:{code.co_name}"
    if not _PLACE(place) or _LIKE_AN_ID(place) or len(place) > PLACE_MAX - len(":99999"):
        return None
    # Code that exec() ran in a module's namespace has that module's name but not its file.
    file = frame.f_globals.get("__file__")
    return place if file in (code.co_filename, _unpacked(code.co_filename)) else None


def _unpacked(file: str) -> str | None:
    """Return where the file of a frozen program's code is, which names it from its own folder."""
    folder = getattr(sys, "_MEIPASS", None)
    if type(folder) is not str or not getattr(sys, "frozen", False) or os.path.isabs(file):
        return None
    return os.path.join(folder, file)


def _module_of(frame: FrameType, scripts: Collection[str]) -> str | None:
    space = frame.f_globals
    name = space.get("__name__")
    if type(name) is not str:
        return None
    if name == "__main__":
        return _name_of_main(space, scripts)
    return name if _space(name) is space else None


def _name_of_main(space: Mapping[str, object], scripts: Collection[str]) -> str | None:
    """Return the name under which a program would be imported, None if that is not known.

    Of `python -m package` the spec knows it, of one of `scripts` its file.
    """
    spec, file = space.get("__spec__"), space.get("__file__")
    if spec is not None:
        name = getattr(spec, "name", None)
        return name if type(name) is str else None
    if space is not _space("__main__") or type(file) is not str or file not in scripts:
        return None
    name, _, ending = os.path.basename(file).partition(".")
    return name if ending in ("", "py", "pyw") else None


def _space(module: str) -> dict[str, object]:
    """Return the namespace of an imported module; an empty one where there is none."""
    found = getattr(sys.modules.get(module), "__dict__", None)
    return found if type(found) is dict else {}


def _type_name(kind: type[BaseException], packages: Iterable[str], scripts: Collection[str]) -> str:
    # Python's own words for these: a metaclass may have others.
    name: object = vars(type)["__name__"].__get__(kind)
    module: object = vars(type)["__module__"].__get__(kind)
    if type(name) is not str or type(module) is not str:  # a class may say anything here
        return OTHER
    space = _space(module)
    if space.get(name) is not kind:
        return OTHER
    if module == "builtins":
        return name
    if module == "__main__":
        module = _name_of_main(space, scripts) or module
    full = f"{module}.{name}"
    standard = public_name(full)
    if standard is not None:
        return standard
    if _is_told(module, space, packages, scripts) and _DOTTED(full) and not _LIKE_AN_ID(full):
        return f"{module.partition('.')[0]}.{name}"
    return OTHER


def _is_told(
    module: str, space: Mapping[str, object], packages: Iterable[str], scripts: Collection[str]
) -> bool:
    """Return whether a module is one of the packages' own: by its name, and by its file."""
    file = space.get("__file__")
    return type(file) is str and any(
        _inside(module, [package]) and _is_file_of(module, file, package, scripts)
        for package in packages
    )


def _is_file_of(module: str, file: str, package: str, scripts: Collection[str]) -> bool:
    """Return whether `file` is where `package` has the module of that name.

    Paths are compared as the import system made them, which makes those of one package alike, also
    in a zip file. Where that is not so, less is told.
    """
    root = _space(package)
    if not root and _name_of_main(_space("__main__"), scripts) == package:
        root = _space("__main__")  # which is imported under no other name
    first = root.get("__file__")
    if type(first) is str:
        if module == package:
            return file == first
        folder, name = os.path.split(first)
        if not name.startswith("__init__."):
            return False  # a module of one file has no others
    else:
        # A package without a file of its own may be spread over folders. Any of them can be the
        # user's; only where there is but one is it the host's.
        portions = root.get("__path__")
        folders = list(portions) if hasattr(portions, "__iter__") else []
        if len(folders) != 1:
            return False
        folder = folders[0]
    path = os.path.join(folder, *module[len(package) + 1 :].split("."))
    own_folder, name = os.path.split(file)
    own_path = os.path.join(own_folder, name.partition(".")[0])
    return own_path in (path, os.path.join(path, "__init__"))


def _inside(dotted: str, packages: Iterable[str]) -> bool:
    return any(dotted == package or dotted.startswith(package + ".") for package in packages)


def _is_builtin(name: str) -> bool:
    kind = getattr(builtins, name, None)
    return isinstance(kind, type) and issubclass(kind, BaseException)


def _is_place(frame: str, packages: Sequence[str]) -> bool:
    """Return whether a frame could be one of the packages' own, by its form.

    What modules and functions a package has is not known here: a sender that lies can make up some.
    They can be no longer than a line of code has them, and nothing that looks like an id.
    """
    place, _, line = frame.rpartition(":")
    return bool(
        len(frame) <= PLACE_MAX
        and _PLACE(place)
        and line.isascii()
        and line.isdigit()
        and len(line) <= 5
        and _inside(place.partition(":")[0], packages)
        and not _LIKE_AN_ID(place)
    )


PLACE_MAX = 200
"""Letters of a frame. Of 203,000 functions in 150 packages that were looked at (aider, litellm,
numpy and what they need), the longest has 186 with its module, and its line needs five more."""

_GROUP: Any = getattr(builtins, "BaseExceptionGroup", None)  # from Python 3.11
_LIKE_AN_ID = re.compile(r"[0-9]{6}|(?=(?:[a-f]*[0-9]){3})[0-9a-f]{8}").search
"""Six digits in a row, or eight of a hash: of those functions, one in 8,000 has such a name."""

_LEADING_NAME = re.compile(r"((?:[A-Za-z_]\w{0,63}\.){0,5}[A-Za-z_]\w{0,63})\b", re.ASCII)
_DOTTED = re.compile(r"[A-Za-z_]\w{0,63}(?:\.[A-Za-z_]\w{0,63}){0,9}", re.ASCII).fullmatch
_PLACE = re.compile(
    r"[A-Za-z_]\w{0,63}(?:\.[A-Za-z_]\w{0,63}){0,9}"
    r":(?:[A-Za-z_]\w{0,99}|<(?:module|lambda|listcomp|genexpr|dictcomp|setcomp)>)",
    re.ASCII,
).fullmatch
