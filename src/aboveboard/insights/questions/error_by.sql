-- In what share of the sessions of each version, system, Python and model did a failure come up?
--% import "shares.sql" as share
--% import "grouping.sql" as group
WITH
    --% include "asked.sql"
    begun AS (
        SELECT
            user_id
            , cityHash64(session) AS run
            --% if has("session_start.app_version")
            , app_version
            --% endif
            --% if has("session_start.os")
            , os
            --% endif
            --% if has("session_start.python_version")
            , python_version
            --% endif
        FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
    ),
    --% set when = "toDate(time) BETWEEN {since:Date} AND {latest:Date}"
    --% include "failures.sql"
    hit AS (
        SELECT DISTINCT run FROM told
        WHERE user_id != 0
            AND ({group:String} = '' OR alike IN (SELECT alike FROM kinds_of WHERE grouped = {group:String}))
    ),
    sides AS (
        SELECT 0 AS side, NULL AS value, toUInt64(0) AS user_id, toUInt64(0) AS run WHERE false
        --% if has("session_start.app_version")
        UNION ALL SELECT 1, app_version, user_id, run FROM begun
        --% endif
        --% if has("session_start.os")
        UNION ALL SELECT 2, os, user_id, run FROM begun
        --% endif
        --% if has("session_start.python_version")
        -- A Python's two first numbers: 3.12, whichever its patch.
        UNION ALL SELECT 3, arrayStringConcat(arraySlice(splitByChar('.', CAST(python_version, 'Nullable(String)')), 1, 2), '.'), user_id, run FROM begun
        --% endif
        --% if has("message_send.main_model")
        -- A session is one of each model that answered in it.
        UNION ALL SELECT DISTINCT 4, main_model, user_id, cityHash64(session) AS run FROM {{ rows("message_send") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date} AND run IN (SELECT run FROM begun)
        --% endif
    ),
    installs AS (
        SELECT
            side
            , CAST(value, 'Nullable(String)') AS its_value
            , user_id
            -- An array of so few takes a quarter of the memory of a set.
            , arrayUniq(groupArray(run)) AS its_sessions
            , arrayUniq(groupArrayIf(run, run IN (SELECT run FROM hit))) AS its_hit
            , sum(its_sessions) OVER (PARTITION BY side, its_value) AS all_sessions
            , 1 / (1 - its_sessions / all_sessions) AS weight
            , {{ share.most("its_sessions", "PARTITION BY side, its_value") }} AS most
        FROM sides
        GROUP BY side, its_value, user_id
    ),
    counted AS (
        SELECT
            side
            , its_value
            , sum(its_hit) AS sessions
            , sum(its_sessions) AS of_sessions
            , {{ share.of_own("its_hit", "its_sessions") }} AS session_share_sums
            , countIf(its_hit > 0) AS installs
            , count() AS of_installs
        FROM installs
        GROUP BY side, its_value
    )
SELECT
    ['version', 'system', 'Python', 'model'][side] AS `by`
    , its_value AS value
    , sessions
    , of_sessions
    , session_share_sums
    , installs
    , of_installs
FROM counted
ORDER BY side, of_sessions DESC, value
