-- Which values of a property were told in a period?
SELECT DISTINCT {% if is_minor %}extract(ifNull(toString({column:Identifier}), ''), '^[0-9]+[.][0-9]+'){% else %}ifNull(toString({column:Identifier}), ''){% endif %} AS told
FROM {project:Identifier}.{source:Identifier}
WHERE user_id != 0
    AND toDate(time) BETWEEN {since:Date} AND {until:Date}
LIMIT 100000
