-- How do sessions end, what fails in them and where, and in what share of the sessions?
--% import "shares.sql" as share
WITH
    ['crash', 'handled error', 'provider failure', 'exit'] AS kinds,
    -- Sessions that began in the period, whenever they ended: a share needs the same ones above
    -- and below the line.
    begun AS (
        SELECT user_id, cityHash64(session) AS run FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
    ),
    -- A crash is an exception that nothing handled. An error of the package that speaks to models
    -- is their provider's failure; any other that a program tells of itself, it has handled.
    named AS (
        SELECT 0 AS kind, NULL AS name, NULL AS fingerprint, [''] AS frames, toUInt64(0) AS user_id, toUInt64(0) AS session, toDateTime(0, 'UTC') AS time WHERE false
        --% if has("exception.error")
        UNION ALL SELECT 1, error_type, error_fingerprint, error_frames, user_id, session, time FROM {{ all_rows("exception") }}
            --% if has("exception.handled")
            WHERE handled IS NOT TRUE
            --% endif
        --% endif
        --% if has("exception.handled")
        UNION ALL SELECT 2, error_type, error_fingerprint, error_frames, user_id, session, time FROM {{ all_rows("exception") }} WHERE handled
        --% endif
        --% if has("message_send_exception.error")
        UNION ALL SELECT if(startsWith(ifNull(error_type, ''), 'litellm.'), 3, 2), error_type, error_fingerprint, error_frames, user_id, session, time FROM {{ all_rows("message_send_exception") }}
        --% endif
        --% if has("oauth_flow_save_failed.error")
        UNION ALL SELECT 2, error_type, error_fingerprint, error_frames, user_id, session, time FROM {{ all_rows("oauth_flow_save_failed") }}
        --% endif
        --% if has("provider_error.error")
        UNION ALL SELECT 3, error_type, error_fingerprint, error_frames, user_id, session, time FROM {{ all_rows("provider_error") }}
        --% endif
        --% if has("exit.reason")
        UNION ALL SELECT 4, reason, NULL, [''], user_id, session, time FROM {{ rows("exit") }}
        --% endif
    ),
    -- What belongs together is told by type and frames, without their lines, which move from
    -- version to version. Hashes of 64 bits take a fraction of the memory of words and ids; that
    -- two of ten million sessions are alike has a chance of one in 300,000.
    placed AS (
        SELECT
            kind
            , ifNull(CAST(name, 'Nullable(String)'), '') AS its_name
            , ifNull(CAST(fingerprint, 'Nullable(String)'), '') AS its_fingerprint
            , CAST(arrayElement(frames, -1), 'String') AS frame
            , arrayStringConcat(arrayPopBack(splitByChar(':', frame)), ':') AS its_place
            -- When, and at which line: the greatest of these is the line that was seen last.
            , toUnixTimestamp(time) * 0x100000000 + toUInt32OrZero(arrayElement(splitByChar(':', frame), -1)) AS seen
            , cityHash64(kind, its_name, its_fingerprint, its_place) AS which
            , user_id
            , cityHash64(session) AS run
            , time
        FROM named
        WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
    ),
    groups AS (
        SELECT
            which
            , any(kind) AS kind
            , any(its_name) AS name
            , any(its_fingerprint) AS fingerprint
            , any(its_place) AS place
        FROM placed
        GROUP BY which
    ),
    happened AS (
        -- An array of so few takes a quarter of the memory of a set.
        SELECT
            user_id
            , which
            , count() AS its_times
            , if(user_id = 0, 0, arrayUniq(groupArray(run))) AS its_sessions
            , max(seen) AS its_last
        FROM placed
        WHERE run IN (SELECT run FROM begun)
            -- What nobody in particular had is counted as often as it happened, and in no share.
            OR (user_id = 0 AND toDate(time) <= {until:Date} AND {version:String} = '' AND {os:String} = '')
        GROUP BY user_id, which
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            user_id
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
            , countIf(user_id != 0) AS installs
            , max(n) AS of_installs
            , bitAnd(max(its_last), 0xFFFFFFFF) AS line
        FROM happened
        LEFT JOIN weighed USING (user_id)
        GROUP BY which
    )
SELECT
    kinds[groups.kind] AS kind
    , nullIf(groups.name, '') AS name
    , if(groups.place = '', NULL, concat(groups.place, ':', toString(counted.line))) AS place
    , counted.times AS times
    , counted.sessions AS sessions
    , counted.session_share_sums AS session_share_sums
    , counted.installs AS installs
    , counted.of_installs AS of_installs
    , nullIf(groups.fingerprint, '') AS fingerprint
FROM counted
INNER JOIN groups USING (which)
ORDER BY groups.kind, sessions DESC, times DESC, name, groups.place, fingerprint
