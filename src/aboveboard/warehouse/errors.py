"""What can go wrong with the warehouse, in one line that says what to do."""


class WarehouseError(Exception):
    """The warehouse could not do what it was asked; the text is one line for a person."""


class QueryLimitError(WarehouseError):
    """A question needed more time, memory or rows than one question may have."""


class WarehouseBusyError(WarehouseError):
    """Another process owns the embedded directory."""


class WarehouseAwayError(WarehouseError):
    """What was asked does not answer: another connection may do better, or a later try."""


class MismatchError(WarehouseError):
    """A catalog does not fit the tables that are there; the text names events and kinds only."""
