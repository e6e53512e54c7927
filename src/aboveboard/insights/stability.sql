-- Which versions fail more often than others: in what share of its sessions does each fail?
WITH
    begun AS (
        SELECT user_id, session, app_version FROM {project:Identifier}.sessions
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
    ),
    failed AS (
        SELECT session FROM {project:Identifier}.sessions WHERE false
        UNION ALL SELECT session FROM {project:Identifier}.exception WHERE toDate(time) >= {since:Date} -- if exception.error
            AND handled IS NOT TRUE -- if exception.handled
        UNION ALL SELECT session FROM {project:Identifier}.message_send_exception WHERE toDate(time) >= {since:Date} -- if message_send_exception.error
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            app_version
            , uniqExact(session) AS its_sessions
            , uniqExactIf(session, session IN failed) AS its_failed
            , sum(its_sessions) OVER (PARTITION BY app_version) AS all_sessions
            , 1 / (1 - its_sessions / all_sessions) AS weight
        FROM begun
        GROUP BY app_version, user_id
    )
SELECT
    app_version AS version
    , sum(its_sessions) AS sessions
    , sum(its_failed) AS failed_sessions
    , failed_sessions / sessions AS failed_share
    , sqrt(greatest(0,
        sum(pow(weight * its_failed, 2))
        - 2 * failed_share * sum(pow(weight, 2) * its_sessions * its_failed)
        + pow(failed_share, 2) * sum(pow(weight * its_sessions, 2))
    ) * (1 - 1 / installs)) / sessions AS failed_share_se
    , countIf(its_failed > 0) AS failed_installs
    , count() AS installs
FROM installs
GROUP BY version
ORDER BY arrayMap(part -> toUInt32OrZero(part), splitByChar('.', ifNull(version, ''))) DESC, version DESC
