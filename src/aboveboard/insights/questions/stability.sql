-- Which versions are stable: in what share of a version's sessions does nothing crash, and what else fails?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    begun AS (
        SELECT user_id, cityHash64(session) AS run, app_version FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
    ),
    -- A crash is an exception that nothing handled; see errors.sql for the others. What a provider
    -- refuses is no fault of a version's, so that each is told apart.
    crashed AS (
        SELECT toUInt64(0) AS run WHERE false
        --% if has("exception.error")
        UNION ALL SELECT cityHash64(session) FROM {{ rows("exception") }} WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
            --% if has("exception.handled")
            AND handled IS NOT TRUE
            --% endif
        --% endif
    ),
    handled AS (
        SELECT toUInt64(0) AS run WHERE false
        --% if has("exception.handled")
        UNION ALL SELECT cityHash64(session) FROM {{ rows("exception") }} WHERE handled AND toDate(time) BETWEEN {since:Date} AND {latest:Date}
        --% endif
        --% if has("message_send_exception.error")
        UNION ALL SELECT cityHash64(session) FROM {{ rows("message_send_exception") }} WHERE NOT startsWith(ifNull(error_type, ''), 'litellm.') AND toDate(time) BETWEEN {since:Date} AND {latest:Date}
        --% endif
        --% if has("oauth_flow_save_failed.error")
        UNION ALL SELECT cityHash64(session) FROM {{ rows("oauth_flow_save_failed") }} WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
        --% endif
    ),
    refused AS (
        SELECT toUInt64(0) AS run WHERE false
        --% if has("message_send_exception.error")
        UNION ALL SELECT cityHash64(session) FROM {{ rows("message_send_exception") }} WHERE startsWith(ifNull(error_type, ''), 'litellm.') AND toDate(time) BETWEEN {since:Date} AND {latest:Date}
        --% endif
        --% if has("provider_error.error")
        UNION ALL SELECT cityHash64(session) FROM {{ rows("provider_error") }} WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
        --% endif
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            app_version
            , {{ share.bucket("user_id") }}
            , arrayUniq(groupArray(run)) AS its_sessions
            , arrayUniq(groupArrayIf(run, run IN crashed)) AS its_crashed
            , arrayUniq(groupArrayIf(run, run IN handled)) AS its_handled
            , arrayUniq(groupArrayIf(run, run IN refused)) AS its_refused
            , sum(its_sessions) OVER (PARTITION BY app_version) AS all_sessions
            , 1 / (1 - its_sessions / all_sessions) AS weight
            , {{ share.most("its_sessions", "PARTITION BY app_version") }} AS most
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
            , {{ share.of_own("its_sessions - its_crashed", "its_sessions") }} AS crash_free_sums
            , {{ share.of_own("its_handled", "its_sessions") }} AS handled_sums
            , {{ share.of_own("its_refused", "its_sessions") }} AS refused_sums
            --% if compared
            , {{ share.buckets_of_own("its_sessions - its_crashed", "its_sessions") }} AS crash_free_buckets
            , {{ share.buckets_of_own("its_crashed = 0", "1") }} AS crash_free_install_buckets
            , {{ share.buckets_of_own("its_handled", "its_sessions") }} AS handled_buckets
            , {{ share.buckets_of_own("its_refused", "its_sessions") }} AS refused_buckets
            --% endif
        FROM installs
        GROUP BY app_version
    )
SELECT
    app_version AS version
    , sessions
    , installs
    , crashed_sessions
    , crash_free_sums AS crash_free_share_sums
    --% if compared
    , crash_free_buckets AS crash_free_share_buckets
    , crash_free_install_buckets AS crash_free_install_share_buckets
    , handled_buckets AS handled_share_buckets
    , refused_buckets AS provider_share_buckets
    --% endif
    , crashed_installs
    , {{ share.of_installs("installs - crashed_installs", "installs") }} AS crash_free_install_share_sums
    --% if has("exception.handled") or has("message_send_exception.error") or has("oauth_flow_save_failed.error")
    , handled_sessions
    , handled_sums AS handled_share_sums
    --% endif
    --% if has("message_send_exception.error") or has("provider_error.error")
    , refused_sessions AS provider_sessions
    , refused_sums AS provider_share_sums
    --% endif
FROM summed
ORDER BY version
