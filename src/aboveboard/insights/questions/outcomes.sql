-- How does each command end, in what share of its runs does it fail, and how long does it take?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    ended AS (
        SELECT
            user_id
            , CAST(ifNull(command, ''), 'String') AS name
            , count() AS its_runs
            , countIf(outcome = 'ok') AS its_ok
            , countIf(outcome = 'usage') AS its_usage
            , countIf(outcome = 'failed') AS its_failed
            , countIf(outcome = 'interrupted') AS its_interrupted
        FROM {{ rows("command_outcome") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY user_id, name
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            *
            , {{ share.bucket("user_id") }}
            , 1 / (1 - its_runs / sum(its_runs) OVER (PARTITION BY name)) AS weight
            , {{ share.most("its_runs", "PARTITION BY name") }} AS most
        FROM ended
    ),
    failed AS (
        SELECT
            name
            , sum(its_runs) AS runs
            , sum(its_ok) AS ok
            , sum(its_usage) AS usage
            , sum(its_failed) AS failed
            , sum(its_interrupted) AS interrupted
            , count() AS installs
            , {{ share.of_own("its_failed", "its_runs") }} AS sums
            --% if compared
            , {{ share.buckets_of_own("its_failed", "its_runs") }} AS buckets
            --% endif
        FROM installs
        GROUP BY name
    ),
    lasted AS (
        SELECT
            CAST(ifNull(command, ''), 'String') AS name
            , quantileExact(0.5)(duration) AS median
            , quantileExact(0.9)(duration) AS most
            , argMax(code, (number, code)) AS code
        FROM (
            SELECT command, duration, exit_code AS code, outcome
                , countIf(outcome = 'failed') OVER (PARTITION BY command, exit_code) AS number
            FROM {{ rows("command_outcome") }}
            WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
                --% if filtered
                AND session IN asked
                --% endif
        )
        GROUP BY name
    )
SELECT
    nullIf(failed.name, '') AS command
    , failed.runs AS runs
    , failed.installs AS installs
    , failed.ok AS ok
    , failed.failed AS failed
    , failed.sums AS failed_share_sums
    --% if compared
    , failed.buckets AS failed_share_buckets
    --% endif
    , if(failed.failed = 0, NULL, lasted.code) AS failed_code
    , failed.usage AS usage
    , failed.interrupted AS interrupted
    , lasted.median AS duration
    , lasted.most AS duration_most
    , 'seconds' AS unit
FROM failed
LEFT JOIN lasted ON lasted.name = failed.name
ORDER BY runs DESC, command
