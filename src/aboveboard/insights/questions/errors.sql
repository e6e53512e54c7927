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
    placed AS (
        SELECT
            alike
            , user_id
            , run
            , frame
            -- When, and at which line: the greatest of these is the line that was seen last.
            , toUnixTimestamp(time) * 0x100000000 + toUInt32OrZero(arrayElement(splitByChar(':', frame), -1)) AS seen
            , time
        FROM told
        --% if has("exit.reason")
        UNION ALL SELECT cityHash64(4, ifNull(reason, '')), user_id, cityHash64(session), '', 0, time FROM {{ rows("exit") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
        --% endif
    ),
    groups AS (
        SELECT alike, its_kind AS kind, name, grouped, which FROM kinds_of
        --% if has("exit.reason")
        UNION ALL SELECT cityHash64(4, ifNull(reason, '')) AS alike, 4, any(ifNull(CAST(reason, 'Nullable(String)'), '')), '', alike FROM {{ rows("exit") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
        GROUP BY alike
        --% endif
    ),
    happened AS (
        -- An array of so few takes a quarter of the memory of a set.
        SELECT
            user_id
            , which
            , any(kind) AS its_kind
            , any(name) AS its_name
            , any(grouped) AS its_group
            , count() AS its_times
            , if(user_id = 0, 0, arrayUniq(groupArray(run))) AS its_sessions
            , max((seen, frame)) AS its_last
        FROM placed
        INNER JOIN groups USING (alike)
        WHERE ({group:String} = '' OR grouped = {group:String})
            AND (
                run IN (SELECT run FROM begun)
                -- What nobody in particular had is counted as often as it happened, and in no share.
                --% if not filtered
                OR (user_id = 0 AND toDate(time) <= {until:Date})
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
