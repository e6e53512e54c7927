"""SHA-256 without `hashlib`, whose OpenSSL would cost a host four megabytes and a millisecond."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha256 as sha256
else:
    try:
        from _sha2 import sha256  # since Python 3.12
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:  # a Python that was built with OpenSSL's only
            from hashlib import sha256  # noqa: F401  # what this module is for
