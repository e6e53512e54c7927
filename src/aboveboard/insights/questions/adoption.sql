-- Which versions do sessions run, day by day?
WITH
    --% include "asked.sql"
    known AS (
        SELECT {{ begin("toDate(time)") }} AS day, app_version AS version, uniqExact(session) AS sessions, uniqExact(user_id) AS installs
        FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY day, version
    )
SELECT
    day
    , version
    , sessions
    , installs
    , sum(sessions) OVER (PARTITION BY day) AS of_sessions
    , toBool(day + {{ length("day") }} - 1 < {settling:Date} AND day + {{ length("day") }} - 1 <= {until:Date} AND day >= {since:Date}) AS complete
FROM known
ORDER BY day, version
