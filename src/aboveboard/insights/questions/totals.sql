-- How many installs were active, how many sessions did they begin, and what did they ask of models?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    begun AS (
        SELECT uniqExact(user_id) AS installs, uniqExact(session) AS sessions
        FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
    ),
    --% if compared
    begun_each AS (
        SELECT {{ share.bucket("user_id") }}, uniqExact(session) AS its_sessions
        FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY user_id
    ),
    begun_buckets AS (
        SELECT
            {{ share.buckets("1") }} AS installs
            , {{ share.buckets("its_sessions") }} AS sessions
        FROM begun_each
    ),
    --% if has("message_send")
    -- By bucket first: a map a row takes many times as long.
    answered_each AS (
        SELECT
            {{ share.bucket("user_id") }}
            , count() AS its_messages
            --% if has("message_send.total_tokens")
            , ifNull(sum(toInt128(total_tokens)), 0) AS its_tokens
            --% endif
            --% if has("message_send.cost")
            , ifNull(sum(cost), 0) AS its_cost
            --% endif
        FROM {{ all_rows("message_send") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY bucket
    ),
    answered_buckets AS (
        SELECT
            {{ share.buckets("its_messages") }} AS messages
            --% if has("message_send.total_tokens")
            , {{ share.buckets("its_tokens") }} AS tokens
            --% endif
            --% if has("message_send.cost")
            , {{ share.buckets("its_cost") }} AS cost
            --% endif
        FROM answered_each
    ),
    --% endif
    --% endif
    answered AS (
        SELECT
            count() AS messages
            --% if has("message_send.total_tokens")
            , ifNull(sum(toInt128(total_tokens)), 0) AS tokens
            --% endif
            --% if has("message_send.cost")
            , round(ifNull(sum(cost), 0), 6) AS cost
            --% endif
        FROM {{ all_rows("message_send") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
    )
SELECT
    begun.installs AS installs
    , begun.sessions AS sessions
    --% if has("message_send")
    , answered.messages AS messages
    --% endif
    --% if has("message_send.total_tokens")
    , answered.tokens AS tokens
    --% endif
    --% if has("message_send.cost")
    , answered.cost AS cost
    --% endif
    --% if compared
    , begun_buckets.installs AS installs_buckets
    , begun_buckets.sessions AS sessions_buckets
    --% if has("message_send")
    , answered_buckets.messages AS messages_buckets
    --% endif
    --% if has("message_send.total_tokens")
    , answered_buckets.tokens AS tokens_buckets
    --% endif
    --% if has("message_send.cost")
    , answered_buckets.cost AS cost_buckets
    --% endif
    --% endif
FROM begun
--% if compared
CROSS JOIN begun_buckets
--% if has("message_send")
CROSS JOIN answered_buckets
--% endif
--% endif
--% if has("message_send")
CROSS JOIN answered
--% endif
