-- How do the models' shares of the messages move?
WITH
    --% include "asked.sql"
    used AS (
        SELECT
            {{ wide("toDate(time)") }} AS day
            , CAST(ifNull(main_model, ''), 'String') AS name
            , count() AS messages
            , uniqExact(user_id) AS installs
        FROM {{ rows("message_send") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY day, name
    )
SELECT
    day
    , nullIf(name, '') AS model
    , messages
    , installs
    , sum(messages) OVER (PARTITION BY day) AS of_messages
    , toBool(day + {{ wide_length("day") }} - 1 < {today:Date} AND day + {{ wide_length("day") }} - 1 <= {until:Date} AND day >= {since:Date}) AS complete
FROM used
ORDER BY day, messages DESC, name
