-- Which versions are stable: in what share of a version's sessions does nothing crash, and what else fails?
WITH
    begun AS (
        SELECT user_id, cityHash64(session) AS run, app_version FROM {project:Identifier}._sessions
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
    ),
    -- A crash is an exception that nothing handled; see errors.sql for the others. What a provider
    -- refuses is no fault of a version's, so that each is told apart.
    crashed AS (
        SELECT toUInt64(0) AS run WHERE false
        -- if exception.error:
        UNION ALL SELECT cityHash64(session) FROM {project:Identifier}.exception WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
            AND handled IS NOT TRUE -- if exception.handled
        -- end
    ),
    handled AS (
        SELECT toUInt64(0) AS run WHERE false
        UNION ALL SELECT cityHash64(session) FROM {project:Identifier}.exception WHERE handled AND toDate(time) BETWEEN {since:Date} AND {latest:Date} -- if exception.handled
        UNION ALL SELECT cityHash64(session) FROM {project:Identifier}.message_send_exception WHERE NOT startsWith(ifNull(error_type, ''), 'litellm.') AND toDate(time) BETWEEN {since:Date} AND {latest:Date} -- if message_send_exception.error
        UNION ALL SELECT cityHash64(session) FROM {project:Identifier}.oauth_flow_save_failed WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date} -- if oauth_flow_save_failed.error
    ),
    refused AS (
        SELECT toUInt64(0) AS run WHERE false
        UNION ALL SELECT cityHash64(session) FROM {project:Identifier}.message_send_exception WHERE startsWith(ifNull(error_type, ''), 'litellm.') AND toDate(time) BETWEEN {since:Date} AND {latest:Date} -- if message_send_exception.error
        UNION ALL SELECT cityHash64(session) FROM {project:Identifier}.provider_error WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date} -- if provider_error.error
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            app_version
            , arrayUniq(groupArray(run)) AS its_sessions
            , arrayUniq(groupArrayIf(run, run IN crashed)) AS its_crashed
            , arrayUniq(groupArrayIf(run, run IN handled)) AS its_handled
            , arrayUniq(groupArrayIf(run, run IN refused)) AS its_refused
            , sum(its_sessions) OVER (PARTITION BY app_version) AS all_sessions
            , 1 / (1 - its_sessions / all_sessions) AS weight
        FROM begun
        GROUP BY app_version, user_id
    ),
    summed AS (
        SELECT
            app_version
            , sum(its_sessions) AS sessions
            , count() AS installs
            , sum(its_crashed) AS crashed_sessions
            , sum(its_handled) AS handled_sessions
            , sum(its_refused) AS refused_sessions
            , countIf(its_crashed > 0) AS crashed_installs
            , sum(pow(weight * its_sessions, 2)) AS square
            , sum(pow(weight * its_crashed, 2)) AS crashed_square
            , sum(pow(weight * its_handled, 2)) AS handled_square
            , sum(pow(weight * its_refused, 2)) AS refused_square
            , sum(pow(weight, 2) * its_sessions * its_crashed) AS crashed_product
            , sum(pow(weight, 2) * its_sessions * its_handled) AS handled_product
            , sum(pow(weight, 2) * its_sessions * its_refused) AS refused_product
        FROM installs
        GROUP BY app_version
    )
SELECT
    app_version AS version
    , sessions
    , installs
    , crashed_sessions
    , 1 - crashed_sessions / sessions AS crash_free_share
    , sqrt(greatest(0,
        crashed_square - 2 * (1 - crash_free_share) * crashed_product + pow(1 - crash_free_share, 2) * square
    ) * (1 - 1 / installs)) / sessions AS crash_free_share_se
    , crashed_installs
    , 1 - crashed_installs / installs AS crash_free_install_share
    , sqrt(crash_free_install_share * (1 - crash_free_install_share) / (installs - 1)) AS crash_free_install_share_se
    -- if exception.handled or message_send_exception.error or oauth_flow_save_failed.error:
    , handled_sessions
    , handled_sessions / sessions AS handled_share
    , sqrt(greatest(0,
        handled_square - 2 * handled_share * handled_product + pow(handled_share, 2) * square
    ) * (1 - 1 / installs)) / sessions AS handled_share_se
    -- end
    -- if message_send_exception.error or provider_error.error:
    , refused_sessions AS provider_sessions
    , refused_sessions / sessions AS provider_share
    , sqrt(greatest(0,
        refused_square - 2 * provider_share * refused_product + pow(provider_share, 2) * square
    ) * (1 - 1 / installs)) / sessions AS provider_share_se
    -- end
FROM summed
ORDER BY version
