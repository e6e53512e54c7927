-- How many installs were active, how many sessions did they begin, and what did they ask of models?
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
FROM begun
--% if has("message_send")
CROSS JOIN answered
--% endif
