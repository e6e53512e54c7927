-- How much was it used, day by day?
WITH
    --% include "asked.sql"
    --% include "known.sql"
    days AS (
        SELECT
            {{ begin("{since:Date} + number") }} AS day
            -- Days before the first data, and days to come, are blank: nothing could be counted.
            , max({since:Date} + number BETWEEN first AND {today:Date}) AS told
            -- A week or a month that the period cuts off is as little over as today.
            , toBool(max({since:Date} + number) < {settling:Date} AND count() = {{ length("day") }}) AS complete
        FROM numbers(toUInt64({until:Date} - {since:Date} + 1)) AS numbered
        CROSS JOIN known
        GROUP BY day
    ),
    begun AS (
        SELECT {{ begin("toDate(time)") }} AS day, uniqExact(user_id) AS installs, uniqExact(session) AS sessions
        FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY day
    ),
    answered AS (
        SELECT
            {{ begin("toDate(time)") }} AS day
            , count() AS messages
            --% if has("message_send.total_tokens")
            , ifNull(sum(toInt128(total_tokens)), 0) AS tokens
            --% endif
            --% if has("message_send.cost")
            , ifNull(sum(cost), 0) AS cost
            --% endif
        FROM {{ all_rows("message_send") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY day
    )
SELECT
    days.day AS day
    , if(days.told, begun.installs, NULL) AS installs
    , if(days.told, begun.sessions, NULL) AS sessions
    --% if has("message_send")
    , if(days.told, answered.messages, NULL) AS messages
    --% endif
    --% if has("message_send.total_tokens")
    , if(days.told, answered.tokens, NULL) AS tokens
    --% endif
    --% if has("message_send.cost")
    , if(days.told, answered.cost, NULL) AS cost
    --% endif
    , days.complete AS complete
FROM days
LEFT JOIN begun ON begun.day = days.day
--% if has("message_send")
LEFT JOIN answered ON answered.day = days.day
--% endif
ORDER BY day
