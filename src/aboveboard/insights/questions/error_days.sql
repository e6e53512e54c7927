-- In how many sessions a day did each failure come up, and in which version?
--% import "grouping.sql" as group
WITH
    --% include "asked.sql"
    ['crash', 'handled error', 'provider failure'] AS kinds,
    --% set when = "toDate(time) BETWEEN {since:Date} AND {until:Date}"
    --% include "failures.sql"
    begun AS (
        SELECT cityHash64(session) AS run, any(app_version) AS its_version FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {earliest:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
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
            , toDate(time) AS day
            , if({group:String} = '', NULL, its_version) AS version
            , count() AS times
            , uniqExactIf(run, user_id != 0) AS sessions
        FROM told
        INNER JOIN kinds_of USING (alike)
        LEFT JOIN begun USING (run)
        WHERE ({group:String} = '' OR grouped = {group:String})
            --% if filtered
            AND run IN (SELECT run FROM begun)
            --% endif
        GROUP BY which, day, version
    )
SELECT
    day
    , kinds[kind] AS kind
    , nullIf(named, '') AS name
    , version
    -- A chart of one group tells its versions apart, one of all the kinds of errors.
    , if({group:String} = '', 'kind', 'version') AS `by`
    , times
    , sessions
    , its_group AS `group`
FROM happened
ORDER BY day, happened.kind, its_group, version
