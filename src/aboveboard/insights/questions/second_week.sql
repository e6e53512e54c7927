-- Of the installs that were new, what share came back in the week after their first?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    -- In one pass: when each install began, whenever that was, and its days of the period.
    seen AS (
        SELECT
            user_id
            , toMonday(min(toDate(time))) AS cohort
            , groupArrayIf(
                toDate(time)
                , toDate(time) BETWEEN {earliest:Date} AND {until:Date}
                --% if filtered
                AND session IN asked
                --% endif
            ) AS days
        FROM {{ rows("_sessions") }}
        GROUP BY user_id
        -- Those whose second week lies in the period as a whole.
        HAVING cohort + 7 >= {since:Date} AND cohort + 13 <= {until:Date}
            AND cohort + 13 < {settling:Date}
    ),
    counted AS (
        SELECT
            {{ share.bucket("user_id") }}
            , arrayExists(day -> day BETWEEN cohort + 7 AND cohort + 13, days) AS is_back
        FROM seen
        WHERE arrayExists(day -> day BETWEEN cohort AND cohort + 6, days)
    )
SELECT
    count() AS of_installs
    , countIf(is_back) AS installs
    , {{ share.of_installs("installs", "of_installs") }} AS back_share_sums
    --% if compared
    , {{ share.buckets_of_own("is_back", "1") }} AS back_share_buckets
    --% endif
FROM counted
