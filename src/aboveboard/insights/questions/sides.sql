    -- Sessions that began in the period.
    begun AS MATERIALIZED (
        SELECT
            user_id
            , session
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
            --% if take_all
            AND {{ taken }}
            --% endif
            --% if filtered
            AND session IN asked
            --% endif
    ),
    -- An install's sessions on each side that they are of: a version, a system, a Python, and each model
    -- that answered in them. What a start says is mostly the same for all sessions of an install, and an
    -- array of so few takes a quarter of the memory of a group a session.
    sides AS (
        SELECT each.1 AS side, each.2 AS value, user_id, some_sessions
        FROM (
            SELECT
                user_id
                --% if has("session_start.app_version")
                , app_version
                --% endif
                --% if has("session_start.os")
                , os
                --% endif
                --% if has("session_start.python_version")
                , python_version
                --% endif
                , groupArray(session) AS some_sessions
            FROM begun
            GROUP BY ALL
        )
        ARRAY JOIN arrayPopFront([
            (toUInt8(0), CAST(NULL, 'Nullable(String)'))
            --% if has("session_start.app_version")
            , (1, CAST(app_version, 'Nullable(String)'))
            --% endif
            --% if has("session_start.os")
            , (2, CAST(os, 'Nullable(String)'))
            --% endif
            --% if has("session_start.python_version")
            -- A Python's two first numbers: 3.12, whichever its patch.
            , (3, arrayStringConcat(arraySlice(splitByChar('.', CAST(python_version, 'Nullable(String)')), 1, 2), '.'))
            --% endif
        ]) AS each
        --% if has("message_send.main_model")
        UNION ALL
        -- A session after the other, as the table is sorted, so that few are held.
        SELECT 4, main_model, user_id, groupArray(session)
        FROM (
            SELECT user_id, session, main_model FROM {{ rows("message_send") }}
            WHERE toDate(time) BETWEEN {since:Date} AND {latest:Date}
                --% if take_all
                AND {{ taken }}
                --% endif
                AND session IN (SELECT session FROM begun)
            GROUP BY user_id, session, main_model
        )
        GROUP BY main_model, user_id
        --% endif
    ),
    -- Of each install and side, in how many sessions it was, and in which of them it failed.
    installs AS (
        SELECT
            side
            , CAST(value, 'Nullable(String)') AS its_value
            , user_id
            , arrayDistinct(groupArrayArray(some_sessions)) AS its_runs
            , length(its_runs) AS its_sessions
            , arrayFilter(run -> run IN (SELECT session FROM hit), its_runs) AS its_hit
        FROM sides
        GROUP BY side, its_value, user_id
    ),
