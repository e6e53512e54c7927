-- On which day did the first session of an install begin, of those that are kept?
SELECT
    count() AS sessions
    , min(toDate(time)) AS first
FROM {project:Identifier}._sessions
WHERE user_id != 0
