-- How many installs had each value of a property in a period, each in no more than so many of them?
--
-- An install counts for the values that it had most often. What is not on the list becomes one
-- value before that, so that an install with many of them counts there once.
SELECT
    value
    , count() AS installs
FROM (
    SELECT
        user_id
        , value
        , count() AS times
    FROM (
        SELECT
            user_id
            , {% if is_minor %}extract(ifNull(toString({column:Identifier}), ''), '^[0-9]+[.][0-9]+'){% else %}ifNull(toString({column:Identifier}), ''){% endif %} AS told
            , if(
                told IN (SELECT arrayJoin(arrayConcat({{ parts | join(", ") }}))), told, {other:String}
            ) AS value
        FROM {project:Identifier}.{source:Identifier}
        WHERE user_id != 0
            AND toDate(time) BETWEEN {since:Date} AND {until:Date}
    )
    WHERE value != {nothing:String}
    GROUP BY user_id, value
    ORDER BY user_id, times DESC, value
    LIMIT {cap:UInt32} BY user_id
)
GROUP BY value
ORDER BY value
