-- On which days did sessions begin, and of which versions and systems: what can filters choose?
SELECT
    count() AS sessions
    , min(toDate(time)) AS first
    , max(toDate(time)) AS last
    , groupUniqArrayIf(app_version, user_id != 0) AS versions
    , groupUniqArrayIf(os, user_id != 0) AS systems
FROM {project:Identifier}._sessions
