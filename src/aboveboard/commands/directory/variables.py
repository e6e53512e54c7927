"""The environment variables that commands read."""

PUBLIC_URL = "ABOVEBOARD_PUBLIC_URL"
SECRET = "ABOVEBOARD_ADMIN_SECRET"  # noqa: S105  # the variable's name
