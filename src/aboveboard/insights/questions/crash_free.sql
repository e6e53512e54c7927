-- In what share of the sessions, and of the installs, did nothing crash?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    crashed AS (
        -- A crash is an exception that nothing handled; see errors.sql for the others.
        SELECT cityHash64(session) AS run FROM {{ rows("exception") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
            --% if has("exception.handled")
            AND handled IS NOT TRUE
            --% endif
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            {{ share.bucket("user_id") }}
            , arrayUniq(groupArray(cityHash64(session)) AS runs) AS its_sessions
            , arrayUniq(arrayFilter(run -> run IN (SELECT run FROM crashed), runs)) AS its_crashed
            , 1 / (1 - its_sessions / sum(its_sessions) OVER ()) AS weight
            , {{ share.most("its_sessions") }} AS most
        FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY user_id
    )
SELECT
    sum(its_sessions) AS sessions
    , sum(its_crashed) AS crashed_sessions
    , {{ share.of_own("its_sessions - its_crashed", "its_sessions") }} AS crash_free_share_sums
    , count() AS installs
    , countIf(its_crashed > 0) AS crashed_installs
    , {{ share.of_installs("installs - crashed_installs", "installs") }} AS crash_free_install_share_sums
    --% if compared
    , {{ share.buckets_of_own("its_sessions - its_crashed", "its_sessions") }} AS crash_free_share_buckets
    , {{ share.buckets_of_own("its_crashed = 0", "1") }} AS crash_free_install_share_buckets
    --% endif
FROM installs
