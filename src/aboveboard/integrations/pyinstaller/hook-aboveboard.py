# ruff: noqa: N999  # PyInstaller's own way to name a hook
"""PyInstaller's hook: the public lists are packed, and what a sender loads."""

from PyInstaller.utils.hooks import collect_data_files  # type: ignore[import-untyped]

datas = collect_data_files("aboveboard", includes=["catalog/*.txt"])
hiddenimports = ["aboveboard.client.delivery.upload", "_sha256", "_sha2"]
