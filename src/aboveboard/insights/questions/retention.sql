-- Of the installs that were new in a week, how many came back in each week after it?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    -- New is whose first session of all began in the week, not the first of the period. In one pass:
    -- when each install began, whenever that was, and the weeks of the period that it was active in.
    cohorts AS (
        SELECT
            toMonday(min(toDate(time))) AS cohort
            , arrayDistinct(groupArrayIf(
                toMonday(toDate(time))
                , toDate(time) BETWEEN toMonday({since:Date}) AND {until:Date}
                --% if filtered
                AND session IN asked
                --% endif
            )) AS weeks
            , arrayMax(weeks) AS last
        FROM {{ rows("_sessions") }}
        GROUP BY user_id
        HAVING cohort >= toMonday({since:Date}) AND cohort <= {until:Date} AND has(weeks, cohort)
    ),
    counted AS (
        SELECT
            cohort
            , toUInt16(number) AS week
            , count() AS of_installs
            , countIf(has(weeks, cohort + toIntervalWeek(number))) AS installs
            , countIf(last >= cohort + toIntervalWeek(number)) AS later_installs
        FROM cohorts
        ARRAY JOIN range(toUInt32(intDiv(toMonday({until:Date}) - cohort, 7)) + 1) AS number
        GROUP BY cohort, week
    )
SELECT
    cohort
    , week
    , installs
    , {{ share.of_installs("installs", "of_installs") }} AS back_share_sums
    , later_installs
    , {{ share.of_installs("later_installs", "of_installs") }} AS later_share_sums
    , of_installs
    -- A week that is not whole yet, or that the period cuts off, has not seen all who come back.
    , toBool(cohort + 7 * week + 6 < {settling:Date} AND cohort + 7 * week + 6 <= {until:Date}) AS complete
FROM counted
ORDER BY cohort, week
