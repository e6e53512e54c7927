-- How often did one event happen, day by day, and in how many sessions and installs?
WITH
    asked AS (
        SELECT session FROM {project:Identifier}.sessions
        WHERE toDate(time) BETWEEN {earliest:Date} AND {until:Date}
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
    ),
    days AS (
        SELECT {since:Date} + number AS day
        FROM numbers(toUInt64({until:Date} - {since:Date} + 1))
    ),
    happened AS (
        SELECT
            toDate(time) AS day
            , count() AS times
            , uniqExact(session) AS sessions
            , uniqExact(user_id) AS installs
        FROM {project:Identifier}.{table:Identifier}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND session IN asked -- if filtered
        GROUP BY day
    )
SELECT
    {event:String} AS event
    , days.day AS day
    , happened.times AS times
    , happened.sessions AS sessions
    , happened.installs AS installs
FROM days
LEFT JOIN happened ON happened.day = days.day
ORDER BY day
