-- How do sessions end, what fails in them, and in what share of the sessions?
WITH
    -- Sessions that began in the period, whenever they ended: a share needs the same ones above
    -- and below the line.
    begun AS (
        SELECT user_id, session FROM {project:Identifier}.sessions
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
    ),
    named AS (
        SELECT 'none' AS kind, NULL AS name, '' AS place, user_id, session, time FROM {project:Identifier}.sessions WHERE false
        UNION ALL SELECT 'crash', error_type, arrayElement(error_frames, -1), user_id, session, time FROM {project:Identifier}.exception -- if exception.error
            WHERE handled IS NOT TRUE -- if exception.handled
        UNION ALL SELECT 'handled error', error_type, arrayElement(error_frames, -1), user_id, session, time FROM {project:Identifier}.exception WHERE handled -- if exception.handled
        UNION ALL SELECT 'failed message', error_type, arrayElement(error_frames, -1), user_id, session, time FROM {project:Identifier}.message_send_exception -- if message_send_exception.error
        UNION ALL SELECT 'exit', reason, '', user_id, session, time FROM {project:Identifier}.exit -- if exit.reason
    ),
    happened AS (
        SELECT
            user_id
            , kind
            , name
            , count() AS its_times
            , uniqExact(session) AS its_sessions
            , topKState(1)(nullIf(place, '')) AS its_places
        FROM named
        WHERE toDate(time) >= {since:Date} AND session IN (SELECT session FROM begun)
        GROUP BY user_id, kind, name
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            user_id
            , uniqExact(session) AS begun_sessions
            , sum(begun_sessions) OVER () AS all_sessions
            , 1 / (1 - begun_sessions / all_sessions) AS weight
            , count() OVER () AS n
        FROM begun
        GROUP BY user_id
    ),
    weighed AS (
        SELECT *, sum(pow(weight * begun_sessions, 2)) OVER () AS square FROM installs
    )
SELECT
    kind
    , name
    , sum(its_times) AS times
    , sum(its_sessions) AS sessions
    , sessions / any(all_sessions) AS session_share
    , sqrt(greatest(0,
        sum(pow(weight * its_sessions, 2))
        - 2 * session_share * sum(pow(weight, 2) * begun_sessions * its_sessions)
        + pow(session_share, 2) * any(square)
    ) * (1 - 1 / any(n))) / any(all_sessions) AS session_share_se
    , count() AS installs
    , any(n) AS of_installs
    , arrayElementOrNull(topKMerge(1)(its_places), 1) AS place
FROM happened
INNER JOIN weighed USING (user_id)
GROUP BY kind, name
ORDER BY indexOf(['crash', 'handled error', 'failed message', 'exit'], kind), sessions DESC, times DESC, name
