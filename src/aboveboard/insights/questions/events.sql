-- Which events happen, how often, and in what share of the sessions and of the installs?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    -- Sessions that began in the period, whenever they ended: a share needs the same ones above
    -- and below the line.
    begun AS MATERIALIZED (
        SELECT user_id AS install, session AS run
        FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
    ),
    -- A session after the other, as the tables are sorted: so few groups are held, and each session
    -- is looked up once for each event, however often that happened in it.
    every AS (
        SELECT 0 AS place, toUInt64(0) AS user_id, toUInt64(0) AS session, toUInt64(0) AS times, toUInt64(0) AS session_times
        WHERE false
        --% for event in events
        UNION ALL
        SELECT
            {{ event.place }}
            , user_id
            , session
            , countIf(toDate(time) <= {until:Date})
            , count()
        FROM {{ all_rows(event.table) }}
        WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
        GROUP BY user_id, session
        --% endfor
    ),
    -- Which sessions are asked for is found once, and not for each event.
    happened AS (
        SELECT *, session IN (SELECT run FROM begun) AS has_begun
        FROM every
        --% if filtered
        WHERE session IN asked
        --% endif
    ),
    by_install AS (
        SELECT
            place
            , user_id AS install
            , sum(happened.times) AS times
            , countIf(has_begun) AS its_sessions
            , sumIf(happened.session_times, has_begun) AS its_session_times
        FROM happened
        GROUP BY place, install
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            install
            , {{ share.bucket("install") }}
            , arrayUniq(groupArray(run)) AS begun_sessions
            , {{ share.weigh("begun_sessions") }}
        FROM begun
        GROUP BY install
    ),
    weighed AS (
        SELECT
            *
            , {{ share.square("begun_sessions") }}
        FROM installs
    ),
    everyone AS (
        SELECT
            count() AS n
            , {{ share.of_all_none("begun_sessions") }} AS none_sums
        FROM weighed
    ),
    counted AS (
        SELECT
            place
            , sum(by_install.times) AS times
            , sum(its_sessions) AS sessions
            , sum(its_session_times) AS session_times
            , countIf(its_sessions > 0) AS installs
            , {{ share.of_all("its_sessions", "begun_sessions") }} AS session_share_sums
            --% if compared
            , {{ share.buckets_of_all("its_sessions", "begun_sessions") }} AS session_share_buckets
            , {{ share.buckets_of_all("its_sessions > 0", "1") }} AS install_share_buckets
            --% endif
        FROM by_install
        LEFT JOIN weighed USING (install)
        GROUP BY place
    ),
    catalog AS (
        SELECT 0 AS place, '' AS event, 0 AS built_in WHERE false
        --% for event in events
        UNION ALL SELECT {{ event.place }}, {{ event.event }}, {{ event.built_in }}
        --% endfor
    )
SELECT
    catalog.event AS event
    , toBool(catalog.built_in) AS built_in
    , counted.times AS times
    , counted.sessions AS sessions
    , if(empty(counted.session_share_sums), none_sums, counted.session_share_sums) AS session_share_sums
    , counted.installs AS installs
    --% if compared
    , counted.session_share_buckets AS session_share_buckets
    , counted.install_share_buckets AS install_share_buckets
    --% endif
    , {{ share.of_installs("installs", "n") }} AS install_share_sums
    , n AS of_installs
    , session_times / sessions AS session_mean
FROM catalog
LEFT JOIN counted ON counted.place = catalog.place
CROSS JOIN everyone
WHERE times > 0 OR (n > 0 AND NOT catalog.built_in)
ORDER BY times DESC, catalog.place
