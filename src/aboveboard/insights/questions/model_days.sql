-- How do the models' shares of the messages move?
WITH
    --% include "asked.sql"
    -- By install first: so a group is many messages, and its sums can be those that are kept.
    used AS (
        SELECT
            {{ wide("toDate(time)") }} AS day
            , CAST(ifNull(main_model, ''), 'String') AS name
            , user_id
            , count() AS its_messages
        FROM {{ rows("message_send") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY day, name, user_id
    ),
    counted AS (
        SELECT day, name, sum(its_messages) AS messages, count() AS installs
        FROM used
        GROUP BY day, name
    )
SELECT
    day
    , nullIf(name, '') AS model
    , messages
    , installs
    , sum(messages) OVER (PARTITION BY day) AS of_messages
    , toBool(day + {{ wide_length("day") }} - 1 < {settling:Date} AND day + {{ wide_length("day") }} - 1 <= {until:Date} AND day >= {since:Date}) AS complete
FROM counted
ORDER BY day, messages DESC, name
