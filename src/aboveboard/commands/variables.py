"""The environment variables that commands read."""

SECRET = "ABOVEBOARD_ADMIN_SECRET"  # noqa: S105  # the variable's name
