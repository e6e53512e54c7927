-- In what share of the sessions of each version, system, Python and model did a failure come up?
--% import "shares.sql" as share
--% import "grouping.sql" as group
WITH
    --% include "asked.sql"
    --% include "sides.sql"
    --% set when = "toDate(time) BETWEEN {since:Date} AND {latest:Date}"
    --% include "failures.sql"
    hit AS (
        SELECT DISTINCT run FROM told
        WHERE user_id != 0
            AND ({group:String} = '' OR alike IN (SELECT alike FROM kinds_of WHERE grouped = {group:String}))
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
