-- In what share of the sessions of each version, system, Python and model did a failure come up?
--% import "shares.sql" as share
--% import "grouping.sql" as group
WITH
    --% set when = "toDate(time) BETWEEN {since:Date} AND {latest:Date}"
    --% include "failures.sql"
    hit AS MATERIALIZED (
        SELECT DISTINCT session FROM told
        WHERE user_id != 0
            AND ({group:String} = '' OR alike IN (SELECT alike FROM kinds_of WHERE grouped = {group:String}))
    ),
    --% if take_all
    had AS MATERIALIZED (
        SELECT DISTINCT user_id FROM told
        WHERE session IN (SELECT session FROM hit)
    ),
    --% endif
    --% include "asked.sql"
    --% include "sides.sql"
    standing AS (
        SELECT
            side
            , its_value
            , its_sessions
            , length(its_hit) AS its_failed
            , {{ stands_for }} AS stands_for
        FROM installs
    ),
    weighed AS (
        SELECT
            *
            , its_sessions * stands_for AS their_sessions
            , 1 / (1 - their_sessions / sum(their_sessions) OVER (PARTITION BY side, its_value)) AS weight
            , {{ share.most("its_sessions", "PARTITION BY side, its_value", "stands_for") }} AS most
        FROM standing
    ),
    counted AS (
        SELECT
            side
            , its_value
            , sum(its_failed) AS sessions
            , sum(their_sessions) AS of_sessions
            , {{ share.of_own("its_failed", "its_sessions", "stands_for") }} AS session_share_sums
            , countIf(its_failed > 0) AS installs
            , count() AS of_installs
        FROM weighed
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
