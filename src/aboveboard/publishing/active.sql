-- How many installs began a session in a period?
SELECT uniqExact(user_id) AS installs
FROM {project:Identifier}._sessions
WHERE user_id != 0
    AND toDate(time) BETWEEN {since:Date} AND {until:Date}
