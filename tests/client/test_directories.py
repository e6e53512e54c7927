"""Where files are, from the environment alone."""

from __future__ import annotations

import pytest

from aboveboard.client.files.directories import windows_home


class TestTheHomeOnWindows:
    """The one that `Path.home()` finds, by which aider finds its own files."""

    @pytest.mark.parametrize(
        ("environ", "home"),
        [
            ({"USERPROFILE": r"C:\Users\ada"}, r"C:\Users\ada"),
            ({"HOME": r"D:\git", "USERPROFILE": r"C:\Users\ada"}, r"C:\Users\ada"),
            ({"HOMEDRIVE": "H:", "HOMEPATH": r"\ada"}, r"H:\ada"),
            ({"HOMEDRIVE": "H:", "HOMEPATH": r"\a", "USERPROFILE": r"C:\Users\a"}, r"C:\Users\a"),
            ({"HOMEPATH": r"\ada"}, r"\ada"),
            ({"HOME": r"D:\git"}, ""),
            ({"HOMEDRIVE": "H:"}, ""),
        ],
    )
    def test_is_the_profile_whatever_a_shell_of_git_says(
        self, environ: dict[str, str], home: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert windows_home(environ) == home
        import ntpath

        for name in ("HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        assert ntpath.expanduser("~") == (home or "~")
