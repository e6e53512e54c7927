-- How much was it used, day by day?
WITH
    asked AS (
        SELECT session FROM {project:Identifier}.sessions -- only starts tell a version or a system
        WHERE toDate(time) BETWEEN {earliest:Date} AND {until:Date}
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
    ),
    days AS (
        SELECT
            {since:Date} + number AS day
            -- Days before the first data, and days to come, are blank: nothing could be counted.
            , day BETWEEN first AND {today:Date} AS told
            , toBool(day < {today:Date}) AS complete
        FROM numbers(toUInt64({until:Date} - {since:Date} + 1)) AS numbered
        CROSS JOIN (
            SELECT if(count() = 0, NULL, min(toDate(time))) AS first
            FROM {project:Identifier}._sessions
        ) AS known
    ),
    begun AS (
        SELECT toDate(time) AS day, uniqExact(user_id) AS installs, uniqExact(session) AS sessions
        FROM {project:Identifier}._sessions
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND session IN asked -- if filtered
        GROUP BY day
    ),
    answered AS (
        SELECT
            toDate(time) AS day
            , count() AS messages
            , ifNull(sum(toInt128(total_tokens)), 0) AS tokens -- if message_send.total_tokens
            , round(ifNull(sum(cost), 0), 6) AS cost -- if message_send.cost
        FROM {project:Identifier}.message_send -- with nobody
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND session IN asked -- if filtered
        GROUP BY day
    )
SELECT
    days.day AS day
    , if(days.told, begun.installs, NULL) AS installs
    , if(days.told, begun.sessions, NULL) AS sessions
    , if(days.told, answered.messages, NULL) AS messages -- if message_send
    , if(days.told, answered.tokens, NULL) AS tokens -- if message_send.total_tokens
    , if(days.told, answered.cost, NULL) AS cost -- if message_send.cost
    , days.complete AS complete
FROM days
LEFT JOIN begun ON begun.day = days.day
LEFT JOIN answered ON answered.day = days.day -- if message_send
ORDER BY day
