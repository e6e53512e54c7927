-- How do sessions end, what fails in them and where, and in what share of the sessions?
--% import "shares.sql" as share
--% import "grouping.sql" as group
WITH
    ['crash', 'handled error', 'provider failure', 'exit'] AS kinds,
    --% include "asked.sql"
    -- Sessions that began in the period, whenever they ended: a share needs the same ones above
    -- and below the line.
    begun AS MATERIALIZED (
        SELECT user_id, cityHash64(session) AS run FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
    ),
    --% set when = "toDate(time) BETWEEN {since:Date} AND {latest:Date}"
    --% include "failures.sql"
    -- An install's failures of one group, and its exits for one reason, so that few rows are joined.
    happened AS (
        SELECT
            user_id
            , which
            , any(kind) AS its_kind
            , any(named) AS its_name
            , any(its_group) AS its_group
            , sum(some_times) AS its_times
            -- An array of so few takes a quarter of the memory of a set.
            , if(user_id = 0, 0, arrayUniq(groupArrayArray(some_runs))) AS its_sessions
            , max(some_last) AS its_last
        FROM (
            SELECT which, its_kind AS kind, name AS named, grouped AS its_group, user_id, some_times, some_runs, some_last
            FROM (
                SELECT
                    alike
                    , user_id
                    , count() AS some_times
                    , groupArray(run) AS some_runs
                    -- When, and at which line: the greatest of these is the line that was seen last.
                    , max((toUnixTimestamp(time) * 0x100000000 + toUInt32OrZero(arrayElement(splitByChar(':', frame), -1)), frame)) AS some_last
                FROM told
                WHERE run IN (SELECT run FROM begun)
                    -- What nobody in particular had is counted as often as it happened, and in no share.
                    --% if not filtered
                    OR (user_id = 0 AND toDate(time) <= {until:Date})
                    --% endif
                GROUP BY alike, user_id
            ) AS failed_by_install
            INNER JOIN kinds_of USING (alike)
            WHERE {group:String} = '' OR grouped = {group:String}
            --% if has("exit.reason")
            UNION ALL
            SELECT
                cityHash64(4, ifNull(reason, '')) AS which
                , 4
                , any(ifNull(CAST(reason, 'Nullable(String)'), ''))
                , ''
                , user_id
                , count()
                , groupArray(cityHash64(session))
                , (0, '')
            FROM {{ rows("exit") }}
            WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
                AND {group:String} = ''
                AND cityHash64(session) IN (SELECT run FROM begun)
            GROUP BY which, user_id
            --% endif
        )
        GROUP BY user_id, which
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            user_id
            , {{ share.bucket("user_id") }}
            , arrayUniq(groupArray(run)) AS begun_sessions
            , {{ share.weigh("begun_sessions") }}
        FROM begun
        GROUP BY user_id
    ),
    weighed AS (
        SELECT
            *
            , {{ share.square("begun_sessions") }}
        FROM installs
    ),
    counted AS (
        SELECT
            which
            , any(its_kind) AS kind
            , any(its_name) AS named
            , any(its_group) AS grouped
            , max(its_last).2 AS place
            , sum(its_times) AS times
            , sum(its_sessions) AS sessions
            , {{ share.of_all("its_sessions", "begun_sessions") }} AS session_share_sums
            --% if compared
            , {{ share.buckets_of_all("its_sessions", "begun_sessions") }} AS session_share_buckets
            --% endif
            , countIf(user_id != 0) AS installs
            , max(n) AS of_installs
        FROM happened
        LEFT JOIN weighed USING (user_id)
        GROUP BY which
    )
SELECT
    kinds[counted.kind] AS kind
    , nullIf(named, '') AS name
    , nullIf(place, '') AS place
    , times
    , sessions
    , session_share_sums
    --% if compared
    , session_share_buckets
    --% endif
    , installs
    , of_installs
    , nullIf(grouped, '') AS `group`
FROM counted
ORDER BY counted.kind, sessions DESC, times DESC, name, place, grouped
