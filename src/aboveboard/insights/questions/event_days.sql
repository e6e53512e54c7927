-- How often did one event happen, day by day, and in how many sessions and installs?
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
    happened AS (
        SELECT
            {{ begin("toDate(time)") }} AS day
            , count() AS times
            , uniqExactIf(session, user_id != 0) AS sessions
            , uniqExactIf(user_id, user_id != 0) AS installs
        FROM {{ all_rows(subject.table) }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY day
    )
SELECT
    {{ subject.event }} AS event
    , days.day AS day
    , if(days.told, happened.times, NULL) AS times
    , if(days.told, happened.sessions, NULL) AS sessions
    , if(days.told, happened.installs, NULL) AS installs
    , days.complete AS complete
FROM days
LEFT JOIN happened ON happened.day = days.day
ORDER BY day
