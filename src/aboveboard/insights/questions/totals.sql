-- How many installs were active, how many sessions did they begin, and what did they ask of models?
WITH
    asked AS (
        SELECT session FROM {project:Identifier}.sessions -- only starts tell a version or a system
        WHERE toDate(time) BETWEEN {earliest:Date} AND {until:Date}
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
    ),
    begun AS (
        SELECT uniqExact(user_id) AS installs, uniqExact(session) AS sessions
        FROM {project:Identifier}._sessions
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND session IN asked -- if filtered
    ),
    answered AS (
        SELECT
            count() AS messages
            , ifNull(sum(toInt128(total_tokens)), 0) AS tokens -- if message_send.total_tokens
            , round(ifNull(sum(cost), 0), 6) AS cost -- if message_send.cost
        FROM {project:Identifier}.message_send -- with nobody
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND session IN asked -- if filtered
    )
SELECT
    begun.installs AS installs
    , begun.sessions AS sessions
    , answered.messages AS messages -- if message_send
    , answered.tokens AS tokens -- if message_send.total_tokens
    , answered.cost AS cost -- if message_send.cost
FROM begun
CROSS JOIN answered -- if message_send
