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
    -- Of the sessions in which something failed, those that began in the period: a list of so few costs a
    -- fraction of one of all sessions.
    began AS MATERIALIZED (
        --% if filtered
        SELECT run FROM begun
        WHERE
        --% else
        SELECT cityHash64(session) AS run FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date} AND
        --% endif
            run IN (SELECT run FROM told WHERE user_id != 0)
    ),
    -- Those of sessions that began in the period. What nobody in particular had is counted as often as
    -- it happened, and in no share.
    seen AS MATERIALIZED (
        SELECT alike, user_id, run, time, frame
        FROM told
        WHERE run IN (SELECT run FROM began)
            --% if not filtered
            OR (user_id = 0 AND toDate(time) <= {until:Date})
            --% endif
    ),
    -- An install's failures of one group, and its exits for one reason, so that few rows are joined.
    happened AS (
        SELECT
            user_id
            , which
            , sum(some_times) AS its_times
            -- An array of so few takes a quarter of the memory of a set.
            , if(user_id = 0, 0, arrayUniq(groupArrayArray(some_runs))) AS its_sessions
        FROM (
            SELECT which, user_id, some_times, some_runs
            FROM (
                SELECT alike, user_id, count() AS some_times, groupArray(run) AS some_runs
                FROM seen
                GROUP BY alike, user_id
            ) AS seen_by_install
            INNER JOIN kinds_of USING (alike)
            WHERE {group:String} = '' OR grouped = {group:String}
        )
        GROUP BY user_id, which
        --% if exits and has("exit.reason")
        UNION ALL
        SELECT
            user_id
            , cityHash64(4, ifNull(reason, '')) AS which
            , count()
            , arrayUniq(groupArray(cityHash64(session)))
        FROM {{ rows("exit") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
            AND {group:String} = ''
            AND cityHash64(session) IN (SELECT run FROM begun)
        GROUP BY user_id, which
        --% endif
    ),
    -- What each is called, and at which line it was seen last: told once, and not for each install.
    called AS (
        SELECT
            which
            , any(its_kind) AS kind
            , any(name) AS named
            , any(grouped) AS its_group
            , max(last).2 AS place
        FROM kinds_of
        INNER JOIN (
            SELECT
                alike
                -- When, and at which line: the greatest of these is the line that was seen last.
                , max((toUnixTimestamp(time) * 0x100000000 + toUInt32OrZero(arrayElement(splitByChar(':', frame), -1)), frame)) AS last
            FROM seen
            GROUP BY alike
        ) AS seen_last USING (alike)
        GROUP BY which
        --% if exits and has("exit.reason")
        UNION ALL
        SELECT cityHash64(4, ifNull(reason, '')) AS which, 4, any(ifNull(CAST(reason, 'Nullable(String)'), '')), '', ''
        FROM {{ rows("exit") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
        GROUP BY which
        --% endif
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
    kinds[called.kind] AS kind
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
    , nullIf(called.its_group, '') AS `group`
FROM counted
INNER JOIN called USING (which)
ORDER BY called.kind, sessions DESC, times DESC, name, place, called.its_group
