-- Which values had one property of one event in the period, and how often?
SELECT
    ifNull(toString({column:Identifier}), '') AS value
    , count() AS times
FROM {project:Identifier}.{table:Identifier}
WHERE user_id != 0 AND toDate(time) BETWEEN {since:Date} AND {until:Date}
GROUP BY value
ORDER BY times DESC, value
LIMIT 40
