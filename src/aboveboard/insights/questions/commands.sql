-- Which commands and features are used, how often, and by what share of the installs?
WITH
    asked AS (
        SELECT session FROM {project:Identifier}.sessions -- only starts tell a version or a system
        WHERE toDate(time) BETWEEN {earliest:Date} AND {until:Date}
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
    ),
    active AS (
        SELECT DISTINCT user_id FROM {project:Identifier}._sessions
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND session IN asked -- if filtered
    ),
    named AS (
        SELECT 'command' AS kind, command AS name, user_id, session, time FROM {project:Identifier}.command -- with nobody
        UNION ALL SELECT 'feature', 'chat in the terminal', user_id, session, time FROM {project:Identifier}.cli_session -- with nobody -- if cli session
        UNION ALL SELECT 'feature', 'chat in the browser', user_id, session, time FROM {project:Identifier}.gui_session -- with nobody -- if gui session
        UNION ALL SELECT 'feature', 'copy and paste with a web chat', user_id, session, time FROM {project:Identifier}.copy_paste_mode -- with nobody -- if copy-paste mode
        UNION ALL SELECT 'feature', 'question about the program', user_id, session, time FROM {project:Identifier}.interactive_help -- with nobody -- if interactive help
        UNION ALL SELECT 'feature', 'AI comment, file added', user_id, session, time FROM {project:Identifier}.ai_comments_file_add -- with nobody -- if ai-comments file-add
        UNION ALL SELECT 'feature', 'AI comment, request', user_id, session, time FROM {project:Identifier}.ai_comments_execute -- with nobody -- if ai-comments execute
        UNION ALL SELECT 'feature', 'work in a git repository', user_id, session, time FROM {project:Identifier}.repo -- with nobody -- if repo
        UNION ALL SELECT 'feature', 'automatic commits', user_id, session, time FROM {project:Identifier}.auto_commits WHERE enabled -- with nobody -- if auto_commits.enabled
        UNION ALL SELECT 'feature', 'model chosen by the API keys', user_id, session, time FROM {project:Identifier}.auto_model_selection -- with nobody -- if auto_model_selection
        UNION ALL SELECT 'feature', 'login through the browser', user_id, session, time FROM {project:Identifier}.oauth_flow_initiated -- with nobody -- if oauth_flow_initiated
    )
SELECT
    kind
    , name
    , count() AS uses
    , uniqExactIf(user_id, user_id IN active) AS installs
    , installs / (SELECT count() FROM active) AS install_share
    , sqrt(install_share * (1 - install_share) / ((SELECT count() FROM active) - 1)) AS install_share_se
    , (SELECT count() FROM active) AS of_installs
FROM named
WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
    AND session IN asked -- if filtered
GROUP BY kind, name
ORDER BY kind, uses DESC, name
