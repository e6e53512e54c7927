-- Which versions have been run, since when, and by how many installs?
WITH
    --% include "asked_ever.sql"
    everything AS (SELECT 1)
SELECT
    app_version AS version
    , toString(toDate(min(time))) AS first
    , toString(toDate(max(time))) AS last
    , uniqExact(session) AS sessions
    , uniqExact(user_id) AS installs
FROM {{ rows("_sessions") }}
WHERE toDate(time) <= {until:Date}
    --% if filtered
    AND session IN asked_ever
    --% endif
GROUP BY version
ORDER BY version
