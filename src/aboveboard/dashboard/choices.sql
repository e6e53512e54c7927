-- On which days did sessions begin, and of which versions and systems: what can filters choose?
SELECT
    sum(sessions) AS sessions
    , min(first) AS first
    , max(last) AS last
    , groupArrayIf(tuple(app_version, since, known), app_version IS NOT NULL AND known > 0) AS versions
    , arrayDistinct(arrayFlatten(groupArray(systems))) AS systems
FROM (
    SELECT
        app_version
        , count() AS sessions
        , countIf(user_id != 0) AS known
        , min(toDate(time)) AS first
        , minIf(toDate(time), user_id != 0) AS since
        , max(toDate(time)) AS last
        , groupUniqArrayIf(os, user_id != 0) AS systems
    FROM {project:Identifier}._sessions
    GROUP BY app_version
)
