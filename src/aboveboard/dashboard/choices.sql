-- On which days did sessions begin, and of which versions and systems: what can filters choose?
SELECT
    count() AS sessions
    , min(toDate(time)) AS first
    , max(toDate(time)) AS last
    , groupUniqArray(app_version) AS versions
    , groupUniqArray(os) AS systems
FROM {project:Identifier}.sessions
