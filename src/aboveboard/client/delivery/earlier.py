"""What 0.1.0 left on a machine: it knew one recipient, and kept what waits in the app's directory.

Moved once to where its recipient's things are now. Each move is a rename, and the target, which
tells whose all of it is, comes last: whoever is killed in between leaves the rest for the next.
"""

from __future__ import annotations

import os

from aboveboard.client.recipients import target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aboveboard.client.decision.statefile import StateFile
    from aboveboard.client.recipients.target import Target


def adopt(directory: str, state: StateFile, today: Target | None = None) -> None:
    """Move what 0.1.0 left in an app's directory, and name the recipient of the yes that it kept.

    Where that target cannot be understood, nobody knows whom the events are for, and they stay.

    Args:
        directory: The app's own directory.
        state: The file that keeps the consent.
        today: The target that delivers a request to erase whose own target cannot be understood.
    """
    if not os.path.lexists(os.path.join(directory, "errand.json")):
        return
    earlier = target.read(directory)
    if earlier is None or earlier.directory != directory:
        if today is not None:
            _move_all(os.path.join(directory, "erasures"), today.erasures)
        return
    try:
        if state.read().agreed is not None:
            # The target alone says whom that yes was given to, so its name is kept first.
            state.name(earlier.recipient, {})
    except OSError:
        return
    moved = True
    for name in (os.path.join("segments", "aside"), "segments", "erasures"):
        moved &= _move_all(os.path.join(directory, name), os.path.join(earlier.path, name))
    for name in ("dropped", "refused.json"):
        moved &= _move(os.path.join(directory, name), os.path.join(earlier.path, name))
    for name in ("pause", "erase-pause"):  # whoever is met by a collector's absence pauses anew
        _remove(os.path.join(directory, name))
    if moved:
        _move(os.path.join(directory, "errand.json"), earlier.file)


def _move_all(source: str, destination: str) -> bool:
    """Move the files of a directory, and remove it; return whether no file is left in it."""
    try:
        names = os.listdir(source)
    except OSError:
        return True
    moved = True
    for name in names:
        path = os.path.join(source, name)
        if not os.path.isdir(path):
            moved &= _move(path, os.path.join(destination, name))
    try:
        os.rmdir(source)
    except OSError:  # a directory of its own in it, or a file that came meanwhile
        pass
    return moved


def _move(source: str, destination: str) -> bool:
    """Move a file, unless there is one of the name already, which is newer; return whether done."""
    try:
        if os.path.lexists(destination):
            os.unlink(source)
        elif os.path.lexists(source):
            os.makedirs(os.path.dirname(destination), mode=0o700, exist_ok=True)
            os.rename(source, destination)
    except FileNotFoundError:  # another process is at it, too
        return True
    except OSError:  # on Windows, a segment that a running process writes to
        return False
    return True


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
