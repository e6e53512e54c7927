-- Has one event happened at all, in whatever period and version?
SELECT count() AS found
FROM (SELECT 1 FROM {project:Identifier}.{table:Identifier} LIMIT 1)
