"""Every setting of ClickHouse that changes what is counted, and the value that it has here.

A server's profiles may have any of them otherwise, and a new version another default: 26.3 made
inserts asynchronous. So each statement to a server carries them all, and a URL may set none of
them. A server that does not know one is older or newer than that setting, and is not sent it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Settings = dict[str, str | int]

_THROW = (
    *("read_overflow_mode", "read_overflow_mode_leaf", "result_overflow_mode"),
    *("group_by_overflow_mode", "sort_overflow_mode", "distinct_overflow_mode"),
    *("set_overflow_mode", "join_overflow_mode", "transfer_overflow_mode"),
    *("timeout_overflow_mode", "timeout_overflow_mode_leaf"),
)
"""What is too much is an error, and never the half of an answer."""

READING: Mapping[str, str | int] = {
    **dict.fromkeys(_THROW, "throw"),
    "additional_result_filter": "",
    "additional_table_filters": "{}",
    "aggregate_functions_null_for_empty": 0,
    "any_join_distinct_right_table_keys": 0,
    "apply_deleted_mask": 1,
    "cast_keep_nullable": 0,
    "count_distinct_implementation": "uniqExact",
    "data_type_default_nullable": 0,
    "decimal_check_overflow": 1,
    "distributed_group_by_no_merge": 0,
    # A question inside another is answered on each shard, of the installs that are there.
    "distributed_product_mode": "local",
    "empty_result_for_aggregation_by_empty_set": 0,
    "enable_parallel_replicas": 0,
    "extremes": 0,
    "final": 0,
    "group_by_use_nulls": 0,
    "implicit_transaction": 0,
    "join_default_strictness": "ALL",
    "join_use_nulls": 0,
    "limit": 0,
    "offset": 0,
    "prefer_column_name_to_alias": 0,
    "session_timezone": "UTC",
    "skip_unavailable_shards": 0,
    "transform_null_in": 0,
    "union_default_mode": "",
    "use_query_cache": 0,
}

WRITING: Mapping[str, str | int] = {
    "async_insert": 0,
    "date_time_input_format": "best_effort",
    # Without it a materialized view counts a repeat that its table drops.
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "deduplicate_insert": "enable",
    "distributed_foreground_insert": 1,
    "input_format_allow_errors_num": 0,
    "input_format_allow_errors_ratio": 0,
    "input_format_defaults_for_omitted_fields": 1,
    "input_format_null_as_default": 1,
    "insert_deduplicate": 1,
    "insert_distributed_one_random_shard": 0,
    "insert_null_as_default": 1,
    "insert_shard_id": 0,
    "materialized_views_ignore_errors": 0,
    # A move is one block, so that each month of it is there as a whole or not at all.
    "max_insert_block_size": 1 << 32,
    # An imported log may span more months than the hundred that are a server's default.
    "max_partitions_per_insert_block": 0,
    "optimize_on_insert": 1,
    "replace_running_query": 0,
    "use_strict_insert_block_limits": 0,
}

CHANGING: Mapping[str, str | int] = {
    "alter_sync": 1,
    "mutations_sync": 0,  # whoever waits says so
}

OURS: Mapping[str, str | int] = {**READING, **WRITING, **CHANGING}

IN_ORDER: Mapping[str, str | int] = {
    "optimize_aggregation_in_order": 1,
    "max_streams_for_union_step": 1,
    "max_block_size": 8192,
    "max_read_buffer_size": 32768,
}
"""For a question that groups many rows by what tables are sorted by. A group is told as soon as the
next one begins, so that hardly any is held. All parts of a table are read at once for that: so each
has little of a buffer, and tables that are united are read in turn. It changes no answer."""
