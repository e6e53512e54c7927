-- In which versions did each failure come up, since when, and how often?
--% import "grouping.sql" as group
WITH
    ['crash', 'handled error', 'provider failure'] AS kinds,
    --% include "asked_ever.sql"
    --% set when = "toDate(time) <= {until:Date}"
    --% include "failures.sql"
    begun AS (
        SELECT cityHash64(session) AS run, any(app_version) AS its_version FROM {{ rows("_sessions") }}
        WHERE toDate(time) <= {until:Date}
            -- Of all sessions, those in which something failed: a hundredth.
            AND cityHash64(session) IN (SELECT run FROM told)
        GROUP BY run
    ),
    happened AS (
        SELECT
            which
            , any(its_kind) AS kind
            , any(name) AS named
            , any(grouped) AS its_group
            , max((time, frame)).2 AS place
            , its_version AS version
            , toString(toDate(min(time))) AS first
            , toString(toDate(max(time))) AS last
            , count() AS times
            , if(any(user_id) = 0 AND max(user_id) = 0, 0, uniqExactIf(run, user_id != 0)) AS sessions
            , uniqExactIf(user_id, user_id != 0) AS installs
        FROM told
        INNER JOIN kinds_of USING (alike)
        LEFT JOIN begun USING (run)
        WHERE ({group:String} = '' OR grouped = {group:String})
            --% if filtered
            AND session IN asked_ever
            --% endif
        GROUP BY which, version
    )
SELECT
    kinds[kind] AS kind
    , nullIf(named, '') AS name
    , nullIf(place, '') AS place
    , version
    , first
    , last
    , times
    , sessions
    , installs
    , its_group AS `group`
FROM happened
ORDER BY happened.kind, its_group, first, version
