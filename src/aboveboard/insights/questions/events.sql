-- Which events happen, how often, and in what share of the sessions and of the installs?
WITH
    asked AS (
        SELECT session FROM {project:Identifier}.sessions -- only starts tell a version or a system
        WHERE toDate(time) BETWEEN {earliest:Date} AND {until:Date}
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
    ),
    -- Sessions that began in the period, whenever they ended: a share needs the same ones above
    -- and below the line. Hashes of 64 bits are grouped in half the time that the ids themselves
    -- take; that two of ten million are alike has a chance of one in 300,000.
    begun AS (
        SELECT cityHash64(user_id) AS install, cityHash64(session) AS run
        FROM {project:Identifier}._sessions
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND session IN asked -- if filtered
    ),
    happened AS (
        SELECT 0 AS place, toUInt64(0) AS install, toUInt64(0) AS run, false AS in_period
        WHERE false
        -- for each event:
        UNION ALL
        SELECT
            {place:UInt16}
            , cityHash64(user_id)
            , cityHash64(session)
            , toDate(time) <= {until:Date}
        FROM {project:Identifier}.{table:Identifier} -- with nobody
        WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
            AND session IN asked -- if filtered
        -- end
    ),
    -- An array an install takes a quarter of the memory of a group a session.
    by_install AS (
        SELECT
            place
            , install
            , countIf(in_period) AS times
            , groupArrayIf(run, run IN (SELECT run FROM begun)) AS its_runs
            , length(its_runs) AS its_session_times
            , arrayUniq(its_runs) AS its_sessions
        FROM happened
        GROUP BY place, install
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            install
            , arrayUniq(groupArray(run)) AS begun_sessions
            , sum(begun_sessions) OVER () AS all_sessions
            , 1 / (1 - begun_sessions / all_sessions) AS weight
        FROM begun
        GROUP BY install
    ),
    everyone AS (
        SELECT
            count() AS n
            , sum(begun_sessions) AS all_sessions
            , sum(pow(weight * begun_sessions, 2)) AS square
        FROM installs
    ),
    counted AS (
        SELECT
            place
            , sum(by_install.times) AS times
            , sum(its_sessions) AS sessions
            , sum(its_session_times) AS session_times
            , countIf(its_sessions > 0) AS installs
            , sum(pow(weight * its_sessions, 2)) AS its_square
            , sum(pow(weight, 2) * begun_sessions * its_sessions) AS product
        FROM by_install
        LEFT JOIN installs USING (install)
        GROUP BY place
    ),
    catalog AS (
        SELECT 0 AS place, '' AS event, 0 AS built_in WHERE false
        -- for each event:
        UNION ALL SELECT {place:UInt16}, {event:String}, {built_in:UInt8}
        -- end
    )
SELECT
    catalog.event AS event
    , toBool(catalog.built_in) AS built_in
    , counted.times AS times
    , counted.sessions AS sessions
    , sessions / everyone.all_sessions AS session_share
    , sqrt(greatest(0,
        its_square - 2 * session_share * product + pow(session_share, 2) * square
    ) * (1 - 1 / n)) / everyone.all_sessions AS session_share_se
    , counted.installs AS installs
    , installs / n AS install_share
    , sqrt(install_share * (1 - install_share) / (n - 1)) AS install_share_se
    , n AS of_installs
    , session_times / sessions AS session_mean
FROM catalog
LEFT JOIN counted ON counted.place = catalog.place
CROSS JOIN everyone
WHERE times > 0 OR (n > 0 AND NOT catalog.built_in)
ORDER BY times DESC, catalog.place
