-- In how many sessions of each version, system, Python and model did each failure come up?
--% import "grouping.sql" as group
WITH
    --% include "asked.sql"
    --% set when = "toDate(time) BETWEEN {since:Date} AND {latest:Date}"
    --% include "failures.sql"
    hit AS MATERIALIZED (
        SELECT DISTINCT session, grouped FROM told
        INNER JOIN kinds_of USING (alike)
        WHERE user_id != 0 AND ({group:String} = '' OR grouped = {group:String})
    ),
    --% include "sides.sql"
    counted AS (
        SELECT
            side
            , ifNull(its_value, '') AS its_name
            , sum(its_sessions) AS of_sessions
            , groupArrayArray(its_hit) AS all_hit
        FROM installs
        GROUP BY side, its_name
    ),
    happened AS (
        SELECT grouped, side, its_name, max(of_sessions) AS its_of_sessions, uniqExact(session) AS sessions
        FROM (SELECT side, its_name, of_sessions, session FROM counted ARRAY JOIN all_hit AS session) AS failed_in
        INNER JOIN hit USING (session)
        GROUP BY grouped, side, its_name
    )
SELECT
    ['version', 'system', 'Python', 'model'][side] AS `by`
    , nullIf(its_name, '') AS value
    , sessions
    , its_of_sessions AS of_sessions
    , grouped AS `group`
FROM happened
ORDER BY grouped, side, of_sessions DESC, value
