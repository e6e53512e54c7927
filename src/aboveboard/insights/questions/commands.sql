-- Which commands and features are used, how often, and by what share of the installs?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    active AS (
        SELECT DISTINCT user_id FROM {{ rows("_sessions") }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
    ),
    weighed AS (
        SELECT user_id, {{ share.bucket("user_id") }} FROM active
    ),
    named AS (
        SELECT 'command' AS kind, command AS name, user_id, session, time FROM {{ all_rows("command") }}
        --% if has("cli session")
        UNION ALL SELECT 'feature', 'chat in the terminal', user_id, session, time FROM {{ all_rows("cli_session") }}
        --% endif
        --% if has("gui session")
        UNION ALL SELECT 'feature', 'chat in the browser', user_id, session, time FROM {{ all_rows("gui_session") }}
        --% endif
        --% if has("copy-paste mode")
        UNION ALL SELECT 'feature', 'copy and paste with a web chat', user_id, session, time FROM {{ all_rows("copy_paste_mode") }}
        --% endif
        --% if has("interactive help")
        UNION ALL SELECT 'feature', 'question about the program', user_id, session, time FROM {{ all_rows("interactive_help") }}
        --% endif
        --% if has("ai-comments file-add")
        UNION ALL SELECT 'feature', 'AI comment, file added', user_id, session, time FROM {{ all_rows("ai_comments_file_add") }}
        --% endif
        --% if has("ai-comments execute")
        UNION ALL SELECT 'feature', 'AI comment, request', user_id, session, time FROM {{ all_rows("ai_comments_execute") }}
        --% endif
        --% if has("repo")
        UNION ALL SELECT 'feature', 'work in a git repository', user_id, session, time FROM {{ all_rows("repo") }}
        --% endif
        --% if has("auto_commits.enabled")
        UNION ALL SELECT 'feature', 'automatic commits', user_id, session, time FROM {{ all_rows("auto_commits") }} WHERE enabled
        --% endif
        --% if has("auto_model_selection")
        UNION ALL SELECT 'feature', 'model chosen by the API keys', user_id, session, time FROM {{ all_rows("auto_model_selection") }}
        --% endif
        --% if has("oauth_flow_initiated")
        UNION ALL SELECT 'feature', 'login through the browser', user_id, session, time FROM {{ all_rows("oauth_flow_initiated") }}
        --% endif
    ),
    used AS (
        SELECT
            kind
            , name
            , user_id
            , {{ share.bucket("user_id") }}
            , count() AS its_uses
            , user_id IN active AS is_active
        FROM named
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY kind, name, user_id
    )
SELECT
    kind
    , name
    , sum(its_uses) AS uses
    , countIf(is_active) AS installs
    , (SELECT count() FROM active) AS of_installs
    , {{ share.of_installs("installs", "of_installs") }} AS install_share_sums
    --% if compared
    , {{ share.buckets_of_all("is_active", "1") }} AS install_share_buckets
    --% endif
FROM used
GROUP BY kind, name
ORDER BY kind, uses DESC, name
