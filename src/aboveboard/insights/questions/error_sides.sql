-- In how many sessions of each version, system, Python and model did each failure come up?
--% import "grouping.sql" as group
WITH
    --% include "asked.sql"
    --% include "sides.sql"
    --% set when = "toDate(time) BETWEEN {since:Date} AND {latest:Date}"
    --% include "failures.sql"
    hit AS (
        SELECT DISTINCT run, grouped FROM told
        INNER JOIN kinds_of USING (alike)
        WHERE user_id != 0 AND ({group:String} = '' OR grouped = {group:String})
    ),
    named AS (
        SELECT side, ifNull(CAST(value, 'Nullable(String)'), '') AS its_value, run FROM sides
    ),
    counted AS (
        SELECT side, its_value, uniqExact(run) AS of_sessions FROM named GROUP BY side, its_value
    ),
    happened AS (
        SELECT grouped, side, its_value, uniqExact(run) AS sessions FROM named
        INNER JOIN hit USING (run)
        GROUP BY grouped, side, its_value
    )
SELECT
    ['version', 'system', 'Python', 'model'][side] AS `by`
    , nullIf(its_value, '') AS value
    , sessions
    , of_sessions
    , grouped AS `group`
FROM happened
INNER JOIN counted USING (side, its_value)
ORDER BY grouped, side, of_sessions DESC, value
