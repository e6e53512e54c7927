    -- Sessions that began in the period, once for each side that they are of: a version, a system, a
    -- Python, and each model that answered in them.
    begun AS MATERIALIZED (
        SELECT
            user_id
            , cityHash64(session) AS run
            --% if has("session_start.app_version")
            , app_version
            --% endif
            --% if has("session_start.os")
            , os
            --% endif
            --% if has("session_start.python_version")
            , python_version
            --% endif
        FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
    ),
    sides AS (
        SELECT 0 AS side, NULL AS value, toUInt64(0) AS user_id, toUInt64(0) AS run WHERE false
        --% if has("session_start.app_version")
        UNION ALL SELECT 1, app_version, user_id, run FROM begun
        --% endif
        --% if has("session_start.os")
        UNION ALL SELECT 2, os, user_id, run FROM begun
        --% endif
        --% if has("session_start.python_version")
        -- A Python's two first numbers: 3.12, whichever its patch.
        UNION ALL SELECT 3, arrayStringConcat(arraySlice(splitByChar('.', CAST(python_version, 'Nullable(String)')), 1, 2), '.'), user_id, run FROM begun
        --% endif
        --% if has("message_send.main_model")
        -- A session is one of each model that answered in it.
        UNION ALL SELECT 4, main_model, user_id, cityHash64(session) AS run FROM {{ rows("message_send") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date} AND run IN (SELECT run FROM begun)
        GROUP BY main_model, user_id, session
        --% endif
    ),
